/** Mulberry32: a random generator with the same numbers in each run. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Random = () => number;

const ROOT_PATHS =
  'kind empty n zero half yes no nil customer customer.name customer.phones lines lines.sku lines.qty lines.parts lines.parts.id one one.tags none nested objects.a numbers texts mixed missing missing.x deep.deep'
    .split(' ')
    .map((path) => `trigger.data.${path}`);
const ITEM_PATHS = [
  'sku',
  'qty',
  'tags',
  'parts.id',
  'parts',
  'name',
  'a',
  '$',
  '$.sku',
  '$$.trigger.data.n',
  '$$.trigger.data.kind',
];
const LITERALS = ['1', '0', '-1', '2.5', '"A"', '""', '"red"', 'true', 'false', 'null', '[]', '[1, 2]', '{}', '{"sku": "Q"}'];
const BINARY = ['=', '!=', '<', '>=', '+', '-', '*', '&', 'and', 'or', 'in', '??', '?:'];
/** A range between random values would have millions of entries. */
const RANGE_ENDS = ['0', '1', '-2', '3', '0.5', '"A"', 'trigger.data.n', 'trigger.data.missing', 'trigger.data.numbers'];
const CALLS = [
  '$string',
  '$exists',
  '$boolean',
  '$not',
  '$count',
  '$sum',
  '$number',
  '$uppercase',
  '$length',
  '$type',
  '$keys',
  '$join',
  '$max',
  '$merge',
];

/** Returns a random expression of the compiled subset, with at most four levels. */
export function randomExpression(random: Random, depth = 3, root = true): string {
  const again = (inner = root): string => randomExpression(random, depth - 1, inner);
  const roll = random();
  if (depth === 0 || roll < 0.25) return pick(random, roll < 0.18 ? paths(root) : LITERALS);
  if (roll < 0.4) return `(${again()} ${pick(random, BINARY)} ${again()})`;
  if (roll < 0.55) return `${pick(random, paths(root))}[${again(false)}]${tail(random)}`;
  if (roll < 0.63) return `${pick(random, paths(root))}.(${again(false)})${tail(random)}`;
  if (roll < 0.68) return `[${again()}, ${again()}]`;
  if (roll < 0.7) return `[${pick(random, RANGE_ENDS)}..${pick(random, RANGE_ENDS)}]${tail(random)}`;
  if (roll < 0.77) return `{"sku": ${again()}, "qty": ${again()}}${tail(random)}`;
  if (roll < 0.84) return `(${again()} ? ${again()} : ${again()})`;
  if (roll < 0.9) return `(${again()})${tail(random)}`;
  return `${pick(random, CALLS)}(${again()})`;
}

/** Returns a random expression of the whole language: parts of the compiled subset inside of other constructs. */
export function wideExpression(random: Random, depth = 3): string {
  const simple = (root = true): string => randomExpression(random, depth - 1, root);
  const list = pick(random, ['lines', 'one', 'none', 'nested', 'objects', 'mixed', 'numbers', 'customer.phones']);
  const path = `trigger.data.${list}`;
  if (depth === 0) return simple();
  const forms: readonly (() => string)[] = [
    () => `${path}{"k" & ${simple(false)}: ${simple(false)}}`,
    () => `${path}{$string(${simple(false)}): $count($)}`,
    () => `${path}^(${pick(random, ['', '>', '<'])}${pick(random, ['sku', 'qty', '$', 'a'])})${tail(random)}`,
    () => `${path}.*`,
    () => `${path}.**${tail(random)}`,
    () => `$map(${path}, function($v, $i) { ${pick(random, ['$v', '$i', '$v.sku', '[$v, $i]', '$string($v)'])} })`,
    () => `$filter(${path}, function($v) { ${pick(random, ['$v.qty > 0', '$exists($v.sku)', '$v'])} })`,
    () => `$reduce(${path}, function($a, $b) { ${pick(random, ['$a', '$append($a, $b)', '$string($a) & $string($b)'])} })`,
    () => `($x := ${wideExpression(random, depth - 1)}; [$x, $x])`,
    () => `(${simple()} ~> ${pick(random, ['$string', '$count', '$reverse', '$distinct', '$keys', '$spread', '$append(1)'])})`,
    () => `$sort(${path}, function($a, $b) { ${pick(random, ['$a.qty > $b.qty', '$a > $b', '$string($a) > $string($b)'])} })`,
    () => `trigger.data ~> |${list}|{"x": ${simple(false)}}${pick(random, ['', ', "sku"', ', ["qty", "x"]'])}|`,
    () => `${path}@$l.{"l": $l, "c": ${simple(false)}}`,
    () => `${path}#$i[$i ${pick(random, ['=', '<', '>='])} 1]${tail(random)}`,
    () => `${path}.parts.{"p": %.sku}`,
    () => `[${pick(random, ['0', '1', '-2'])}..${pick(random, ['3', '0', 'trigger.data.n'])}]${tail(random)}`,
    () => `$match($string(${simple()}), /[a-z]([0-9])?/)`,
    () => `$replace($string(${simple()}), /[":](.)/, "[$1]")`,
  ];
  return (forms[Math.floor(random() * forms.length)] as () => string)();
}

function paths(root: boolean): readonly string[] {
  return root ? ROOT_PATHS : ITEM_PATHS;
}

function tail(random: Random): string {
  return pick(random, ['', '', '.sku', '[0]', '[-1]', '.parts.id', '[qty > 0]', '.tags[0]', '.{"id": $}']);
}

function pick(random: Random, from: readonly string[]): string {
  return from[Math.floor(random() * from.length)] as string;
}
