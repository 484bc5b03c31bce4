/**
 * Custom fields have two names: UF_CRM_LOSS_REASON in the database, ufCrmLossReason in crm.item.*. Underscores stay
 * between numbers; where letters meet a number the way back would be lost, so that such a name is not converted but
 * for its prefix (universal/index.md): UF_CRM_3_DIGIT10 is ufCrm_3_DIGIT10.
 */
export function camelName(original: string): string {
  const rest = original.slice('UF_CRM'.length);
  const words = rest.slice(1).split('_');
  if (words.length === 1 && /^\d+$/.test(words[0] ?? '')) return `ufCrm${rest}`;
  if (/[A-Z]_?\d|\d[A-Z]/.test(rest)) return `ufCrm${rest}`;
  const joined = words.map((word, index) => {
    if (/^\d/.test(word)) return index > 0 ? `_${word}` : word;
    return word.charAt(0) + word.slice(1).toLowerCase();
  });
  return `ufCrm${joined.join('')}`;
}

/** The name in the database, as far as it can be told from the other one. */
export function originalName(camel: string): string {
  const rest = camel.slice('ufCrm'.length);
  if (rest.startsWith('_')) return `UF_CRM${rest.toUpperCase()}`;
  return `UF_CRM${rest.replaceAll(/[A-Z]|^\d/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `assignedById` is ASSIGNED_BY_ID, `parentId2` is PARENT_ID_2. */
export function upperName(name: string): string {
  return name
    .replace(/^parentId(?=\d)/, 'parentId_')
    .replaceAll(/[A-Z]/g, (letter) => `_${letter}`)
    .toUpperCase();
}

export function isCustomName(name: string): boolean {
  return name.startsWith('ufCrm') || name.startsWith('UF_CRM');
}
