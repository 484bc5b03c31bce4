import { kindOf } from './field-kind.ts';
import type { Directory, PortalField } from './directory.ts';
import type { Report } from './finding.ts';
import { didYouMean } from './nearest.ts';
import type { Protect } from './protect.ts';
import type { Rule } from './schema.ts';
import { touchedTypes } from './touched-types.ts';
import { typeText } from './type-words.ts';

/** The fields of a type that rules touch. */
interface Card {
  readonly type: number;
  readonly fields: readonly PortalField[];
}

/** The same with the hold field's name on the cards of each type, and codes in place of the names of sources. */
export function resolveProtect(
  protect: Protect,
  rules: readonly Pick<Rule, 'when' | 'delete'>[],
  directory: Directory,
  report: Report,
): Protect {
  const cards = [...new Set(rules.flatMap(touchedTypes))].flatMap((type) => {
    const fields = directory.fields.get(type);
    return fields === undefined ? [] : [{ type, fields }];
  });
  return {
    ...protect,
    holdFields: holdFields(protect, cards, directory, report),
    sources: sourceCodes(protect, cards, report),
  };
}

function holdFields({ holdField }: Protect, cards: readonly Card[], directory: Directory, report: Report) {
  if (holdField === undefined) return {};
  const found = cards.map(({ type, fields }) => ({ type, field: checkbox(holdField, fields) }));
  const lacking = found.filter(({ field }) => field === undefined).map(({ type }) => typeText(type, directory));
  if (lacking.length > 0) {
    const message = `the portal's ${lacking.join(', ')} have no field ${holdField} of the type yes or no`;
    const hint = 'add it to their cards; of a smart process its code begins with the number, such as UF_CRM_7_KEEP';
    report({ path: 'hold-field', message, hint });
  }
  return Object.fromEntries(found.flatMap(({ type, field }) => (field ? [[String(type), field.name]] : [])));
}

/** Fields of a smart process have its number in their code: UF_CRM_7_KEEP is UF_CRM_KEEP there. */
function checkbox(name: string, fields: readonly PortalField[]): PortalField | undefined {
  const bare = name.slice('UF_CRM_'.length);
  const named = fields.filter((field) => field.name.replace(/^UF_CRM_\d+_/, '') === bare);
  return [...fields.filter((field) => field.name === name), ...named].find((field) => kindOf(field) === 'flag');
}

function sourceCodes({ sources }: Protect, cards: readonly Card[], report: Report): string[] {
  const items = cards
    .flatMap(({ fields }) => fields)
    .find(({ name, items: values }) => name === 'sourceId' && values !== undefined)?.items;
  if (items === undefined) return [...sources];
  return sources.flatMap((source, index) => {
    const wanted = source.normalize();
    const byCode = items.filter(({ id }) => id === wanted);
    const found = byCode.length > 0 ? byCode : items.filter(({ text }) => text.trim().normalize() === wanted);
    if (found.length === 0) {
      const message = `the portal has no source ${JSON.stringify(source)}`;
      const hint = didYouMean(
        source,
        items.flatMap(({ id, text }) => [text, id]),
      );
      report({ path: `sources[${index}]`, message, ...hint });
    }
    return found.map(({ id }) => id);
  });
}
