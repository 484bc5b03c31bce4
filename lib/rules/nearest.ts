/** The candidate that was probably meant: at most two letters (of a short word one) away, in whatever case. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(2, Math.floor(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `did you mean "…"?`, when something was probably meant. */
export function didYouMean(word: string, candidates: Iterable<string>): { hint?: string } {
  const meant = nearest(word, candidates);
  return meant === undefined ? {} : { hint: `did you mean ${JSON.stringify(meant)}?` };
}

/** Levenshtein's distance, row by row. Words that differ much in length are not worth the work. */
function editDistance(a: string, b: string): number {
  // Stryker disable next-line ConditionalExpression: they are never as near as that
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  const letters = Array.from(b);
  let row = [0, ...letters.map((_, column) => column + 1)];
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of letters.entries()) {
      const substitution = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(substitution, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[letters.length] ?? Infinity;
}
