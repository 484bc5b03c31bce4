/** So many bytes of a message that nobody can read are shown. */
export const shownBytes = 2_048;

/**
 * A body that may hold anything, fit to be shown: what looks like a credential is masked, then it is cut, then
 * whatever a terminal could obey is written as an escape.
 */
export function shownBody(body: string): { text: string; bytes: number; cut: boolean } {
  const bytes = Buffer.from(masked(body), 'utf8');
  const cut = bytes.length > shownBytes;
  // A character that the cut has halved is left out.
  const text = bytes
    .subarray(0, shownBytes)
    .toString('utf8')
    .replace(/\uFFFD$/, '');
  return { text: escaped(text), bytes: Buffer.byteLength(body), cut };
}

/** A token or a webhook does not belong on a queue; somebody may have put one there. */
function masked(text: string): string {
  return text
    .replaceAll(/(\/rest\\*\/(?:api\\*\/)?\d+\\*\/)[^\s/"'<>\\]+/gi, '$1…')
    .replaceAll(/\b(bearer|basic)\s+[^\s"',;]+/gi, '$1 …')
    .replaceAll(
      /([\w-]*(?:token|secret|password|auth_id|refresh_id|auth|key)[\w-]*(?:%5D|[\]"'\\])*\s*(?:[=:]|%3D)\s*[\\"']*)[^\s"'\\&,;}{[]+/gi,
      '$1…',
    );
}

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(text: string): string {
  // Besides control characters those that turn the direction of writing, and halves of characters.
  return text.replaceAll(
    // eslint-disable-next-line no-control-regex -- control characters are what is escaped here
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/gu,
    (character) => short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
