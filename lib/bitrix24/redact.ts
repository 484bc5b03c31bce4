const longest = 300;

/**
 * A text that came from outside, fit to be kept: on one line, at most 300 characters, without anything that looks like a
 * credential. `secrets` are known ones that must go whatever they look like.
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  // Before the text is cut, so that no half of a secret is left over.
  for (const secret of secrets) if (secret.length > 0) clean = clean.replaceAll(secret, '…');
  clean = clean
    .slice(0, 10 * longest)
    // oxlint-disable-next-line no-control-regex -- control characters are what is removed here
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff]+/g, ' ')
    .replaceAll(/(https?:\/\/)(?:[^\s/@]*@)?([^\s/?#"'<>]+)[^\s"'<>]*/gi, '$1$2/…')
    .replaceAll(/(\/rest\/(?:api\/)?\d+\/)[^\s/"'<>]+/gi, '$1…')
    .replaceAll(/\b(bearer|basic)\s+[^\s"',;]+/gi, '$1 …')
    .replaceAll(
      /\b(\w*(?:token|secret|password|code|auth|key|refresh_id|auth_id)\w*["']?\s*[=:]\s*["']?)[^\s"'&,;]+/gi,
      '$1…',
    )
    .replaceAll(/(?=[\w.-]*\d)[\w.-]{20,}/g, '…')
    .trim();
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean;
}
