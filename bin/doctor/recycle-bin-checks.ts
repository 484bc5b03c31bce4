import type { StoredRule } from '../../lib/rules/version.ts';
import type { SmartProcess } from './ask-portal.ts';
import { type Finding, ok, warning } from './finding.ts';

/** The smart invoice: `crm.type.list` does not name it. */
const smartInvoice = 31;

/** The smart processes whose items the rules delete, by entityTypeId. */
export function deletedTypes(rules: readonly StoredRule[]): number[] {
  const types = rules
    .filter(({ enabled }) => enabled)
    .flatMap(({ when, delete: deletions }) =>
      deletions.flatMap((deletion) => {
        if (deletion.what === 'items') return [deletion.type];
        return deletion.what === 'item' && typeof when.type === 'number' ? [when.type] : [];
      }),
    );
  return [...new Set(types)].filter((type) => type !== smartInvoice);
}

/** Whether what the rules delete of smart processes can be taken back on the portal: their recycle bin is off at first. */
export function checkRecycleBins(types: readonly number[], known: readonly SmartProcess[] | undefined): Finding[] {
  return types.map((type) => {
    const found = known?.find(({ entityTypeId }) => entityTypeId === type);
    const name = found?.title ? `${found.title} (${type})` : String(type);
    if (found?.isRecyclebinEnabled === 'Y') return ok('recycle bin', `on for ${name}: kept for 30 days`);
    if (found?.isRecyclebinEnabled === 'N') {
      const text = `off for ${name}: what the rules delete of it is gone for good`;
      return warning(
        'recycle bin',
        text,
        "Switch it on in the smart process's settings on the portal, if you want it.",
      );
    }
    return ok('recycle bin', `not known for ${name}`);
  });
}
