import { FUNCTION_NAMES, parseText, type ExpressionPart } from '../expression/index.js';
import { childrenOf, type SyntaxNode } from '../expression/syntax.js';
import { tokenize, type Token } from '../expression/tokens.js';
import { nearest } from '../nearest.js';
import type { Visible } from './visible.js';

/** Maximum characters of a text that is read as an expression without its marks: longer texts are prose or data. */
const MAX_CHARACTERS = 500;

/** What a text must contain to be an expression: a root with a point, or a call of a function. Quick, because few texts do. */
const CANDIDATE = /(?:^|[^\w.$])(?:trigger|steps|vars|env|error|run|loop)\s*\.|\$[A-Za-z]\w*\s*\(/;

/** Attributes of an event, for places that cannot read the event. */
const ATTRIBUTES: readonly string[] = ['id', 'source', 'type', 'subject', 'time', 'data', 'meta'];

/**
 * Tells whether a text without expressions is an expression whose marks were forgotten: the whole text is an expression that calls a
 * function, or reads a path that exists at this place. Prose that mentions such a path is not one.
 *
 * @param isName true for a text that is a name with dots by its nature, such as the type of an event: items of loops are ignored then
 * @returns `unreadable` when its values cannot be read at this place; undefined for a text that is only a text
 */
export function findUnmarked(text: string, visible: Visible, isName = false): 'expression' | 'unreadable' | undefined {
  const source = text.trim();
  if (source.length > MAX_CHARACTERS || source.includes('{{')) return undefined;
  if (source === '$omit') return 'expression';
  if (!CANDIDATE.test(source) && ![...(visible.items?.keys() ?? [])].some((item) => source.includes(`${item}.`)))
    return undefined;
  if (isProse(tokenize(source))) return undefined;
  const parsed = parseText(`\${{ ${source} }}`);
  const [part] = parsed.parts;
  if (!parsed.whole || parsed.problems.length > 0 || part?.kind !== 'expression' || !part.ast) return undefined;
  if (callsFunction(part.ast)) return readsOtherPlace(part, visible) ? 'unreadable' : 'expression';
  if (readsOtherPlace(part, visible)) return 'unreadable';
  const isRead = part.references.some(({ path, inner }) => !inner && isKnown(path, visible, isName));
  return isRead ? 'expression' : undefined;
}

/** Tells whether words stand side by side, or only words join them: "steps.save and steps.load" is rather a sentence. */
function isProse(tokens: readonly Token[]): boolean {
  const isOperator = ({ kind }: Token) => kind === 'operator';
  if (tokens.some((token, index) => index > 0 && !isOperator(token) && !isOperator(tokens[index - 1] as Token))) return true;
  const operators = tokens.filter((token) => isOperator(token) && token.text !== '.');
  return operators.length > 0 && operators.every(({ text }) => /^\w+$/.test(text));
}

function callsFunction(node: SyntaxNode): boolean {
  const { procedure } = node;
  if (procedure?.type === 'variable' && FUNCTION_NAMES.has(String(procedure.value))) return true;
  return childrenOf(node).some(callsFunction);
}

/** Tells whether an expression reads the event where there is none, such as in a constant. */
function readsOtherPlace({ references }: ExpressionPart, visible: Visible): boolean {
  return (
    visible.trigger === undefined &&
    references.some(({ path: [root, name], inner }) => !inner && root === 'trigger' && ATTRIBUTES.includes(String(name)))
  );
}

/** Tells whether a path has at least two names, and its value exists at this place as far as it is known. */
function isKnown([root = '', name]: readonly string[], visible: Visible, isName: boolean): boolean {
  if (name === undefined) return false;
  if (visible.items?.has(root)) return !isName && isField(visible.items.get(root), name);
  switch (root) {
    case 'steps':
      return visible.steps !== undefined && (visible.steps.look(name) !== undefined || isNear(name, visible.steps.names));
    case 'env':
      return visible.env !== undefined && (visible.env.names.includes(name) || /^[A-Z][A-Z0-9_]*$/.test(name));
    case 'trigger':
    case 'vars':
    case 'error':
    case 'run':
    case 'loop':
      return visible[root] !== undefined && isField(visible[root], name);
    default:
      return false;
  }
}

function isField(shape: Visible['trigger'], name: string): boolean {
  if (shape?.kind !== 'object') return true;
  return shape.fields.has(name) || isNear(name, shape.fields.keys());
}

function isNear(name: string, names: Iterable<string>): boolean {
  return nearest(name, names) !== undefined;
}
