import type { ExpressionProblem } from '../problem.js';
import type { SourceView } from '../source-view.js';

/** Letters that look alike, in the same order. */
const CYRILLIC = 'асеорхуАВСЕНКМОРТХ';
const LATIN = 'aceopxyABCEHKMOPTX';

/** Returns whether a text contains a Cyrillic letter. Without one no word mixes the alphabets. */
export function hasCyrillic(text: string): boolean {
  return /\p{Script=Cyrillic}/u.test(text);
}

/** EXPR_MIXED_SCRIPT: a word in both alphabets is nearly always an invisible typo. */
export function checkScripts(view: SourceView): readonly ExpressionProblem[] {
  if (!hasCyrillic(view.source)) return [];
  return view.tokens.flatMap((token) => {
    if (!['name', 'quotedName', 'variable'].includes(token.kind)) return [];
    const mixed = token.text.match(/[\p{Letter}\p{Number}_]+/gu)?.find(isMixed);
    if (mixed === undefined) return [];
    const message = `"${mixed}" mixes Cyrillic and Latin letters`;
    const better = inOneScript(mixed);
    return [view.problem('EXPR_MIXED_SCRIPT', 'warning', message, token, better && token.text.replace(mixed, better))];
  });
}

/** Returns whether a word mixes both alphabets. Ignores acronyms in capitals, which are common in 1C's names: КодXML, HTTPСоединение. */
function isMixed(word: string): boolean {
  const rest = word.replace(/(?<![A-Za-z])[A-Z]{2,}(?![a-z])/g, '');
  return /\p{Script=Latin}/u.test(rest) && /\p{Script=Cyrillic}/u.test(rest);
}

/** Returns the word in one script, when all its letters exist there; otherwise undefined. */
function inOneScript(word: string): string | undefined {
  const latin = replaced(word, CYRILLIC, LATIN);
  if (!/\p{Script=Cyrillic}/u.test(latin)) return latin;
  const cyrillic = replaced(word, LATIN, CYRILLIC);
  return /\p{Script=Latin}/u.test(cyrillic) ? undefined : cyrillic;
}

function replaced(word: string, from: string, to: string): string {
  return [...word].map((letter) => (from.includes(letter) ? (to[from.indexOf(letter)] as string) : letter)).join('');
}
