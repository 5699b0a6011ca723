/** Expressions that try to block the host, with data at the limits of an event: 4 MiB, 100,000 entries. */

const ENTRIES = 100_000;
const MIB = 1024 * 1024;

const numbers = (count = ENTRIES) => Array.from({ length: count }, (_, index) => count - index);
const texts = (count = ENTRIES) => Array.from({ length: count }, (_, index) => `text ${count - index}`);
const lines = (count) => Array.from({ length: count }, (_, index) => ({ sku: `sku${index}`, qty: index }));
const object = (count = ENTRIES) => Object.fromEntries(texts(count).map((key, index) => [key, index]));
const long = (part, size = 4 * MIB) => part.repeat(Math.floor(size / part.length));

/** name → expression, data, and the expected end: "limit" must end with EXPR_LIMIT, "any" must only end in time. */
export const BOMBS = {
  'sort of 90,000 numbers': ['$sort(trigger.data)', () => numbers(90_000), 'any'],
  'sort by a function': ['$sort(trigger.data, function($a, $b) { $a > $b })', numbers, 'any'],
  'order-by of 90,000': ['trigger.data^($)', () => numbers(90_000), 'any'],
  'distinct of 90,000 numbers': ['$count($distinct(trigger.data))', () => numbers(90_000), 'any'],
  'distinct of 90,000 texts': ['$count($distinct(trigger.data))', () => texts(90_000), 'any'],
  'distinct of objects': ['$count($distinct(trigger.data))', () => lines(50_000), 'any'],
  'cross product of 20,000': ['trigger.data.rows.($$.trigger.data.rows)', () => ({ rows: numbers(20_000) }), 'limit'],
  'cross product of 10,000': ['trigger.data.rows.($$.trigger.data.rows)', () => ({ rows: numbers(10_000) }), 'limit'],
  'cross product in a list': ['trigger.data.rows.[$$.trigger.data.rows]', () => ({ rows: numbers(20_000) }), 'limit'],
  'cross product of objects': ['trigger.data.rows.{"a": $$.trigger.data.rows}', () => ({ rows: numbers(20_000) }), 'any'],
  'cross product by $map': ['$map(trigger.data, function($x) { trigger.data })', () => numbers(20_000), 'any'],
  'join of cross product': ['trigger.data@$a.($$.trigger.data)@$b.{"a": $a}', () => numbers(5_000), 'limit'],
  'filter with a cross look': [
    'trigger.data.lines[$contains($lowercase($$.trigger.data.text), sku)]',
    () => ({ lines: lines(5_000), text: 'x'.repeat(120_000) }),
    'limit',
  ],
  'hash for each line': [
    'trigger.data.lines.$hash($$.trigger.data.text)',
    () => ({ lines: lines(5_000), text: long('x', 120_000) }),
    'limit',
  ],
  'merge for each line': ['trigger.data.l.$merge($$.trigger.data.o)', () => ({ l: numbers(), o: lines(10_000) }), 'limit'],
  'join for each line': ['trigger.data.l.$join($$.trigger.data.o)', () => ({ l: numbers(), o: texts(10_000) }), 'limit'],
  'uppercase for each line': [
    'trigger.data.l.$uppercase($$.trigger.data.o)',
    () => ({ l: numbers(), o: long('ф', MIB) }),
    'limit',
  ],
  'string for each line': ['trigger.data.l.$string($$.trigger.data.o)', () => ({ l: numbers(), o: lines(10_000) }), 'limit'],
  'split for each line': [
    'trigger.data.l.$split($$.trigger.data.o, " ")',
    () => ({ l: numbers(), o: long('a ', 100_000) }),
    'limit',
  ],
  'xml for each line': [
    'trigger.data.l.$xml($$.trigger.data.o)',
    () => ({ l: numbers(), o: `<a>${long('<b>1</b>', MIB)}</a>` }),
    'limit',
  ],
  'equality for each line': [
    'trigger.data.l[$$.trigger.data.o = $$.trigger.data.p]',
    () => ({ l: numbers(), o: lines(9_000), p: lines(9_000) }),
    'limit',
  ],
  'in for each line': ['trigger.data.l[$ in $$.trigger.data.l]', () => ({ l: numbers() }), 'limit'],
  'shared value as a text': ['$string($reduce([1..40], function($a, $i) { {"a": $a, "b": $a} }, 1))', () => 1, 'limit'],
  'shared value as the result': ['$reduce([1..40], function($a, $i) { {"a": $a, "b": $a} }, 1)', () => 1, 'limit'],
  'shared value compared': [
    '($f := function() { $reduce([1..40], function($a, $i) { {"a": $a, "b": $a} }, 1) }; $f() = $f())',
    () => 1,
    'limit',
  ],
  'shared value copied': ['$clone($reduce([1..40], function($a, $i) { {"a": $a, "b": $a} }, 1))', () => 1, 'limit'],
  'shared value below': ['$count($reduce([1..40], function($a, $i) { {"a": $a, "b": $a} }, 1).**)', () => 1, 'limit'],
  'doubled text': ['$length($reduce([1..28], function($a, $i) { $a & $a }, "x"))', () => 1, 'limit'],
  'doubled list': ['$count($reduce([1..28], function($a, $i) { $append($a, $a) }, [1, 2]))', () => 1, 'limit'],
  'split of commas by a regex': ['$split(trigger.data, /,/)', () => long(','), 'limit'],
  'split of 1 MB by a regex': ['$split(trigger.data, /x/)', () => long('x', 1_000_000), 'limit'],
  'split of characters': ['$split(trigger.data, "")', () => long('x'), 'limit'],
  'replace of commas by a regex': ['$replace(trigger.data, /,/, ";")', () => long(','), 'limit'],
  'replace of commas': ['$replace(trigger.data, ",", ";")', () => long(','), 'any'],
  'replace that grows': ['$replace(trigger.data, "x", $$.trigger.data)', () => long('x', 20_000), 'limit'],
  'match of each letter': ['$match(trigger.data, /[a-z]/)', () => long('x', 200_000), 'limit'],
  'regex with a quadratic search': ['$match(trigger.data, /a.*b|a/)', () => long('a', 200_000), 'limit'],
  'regex that doubles': ['$contains(trigger.data, /^(a+)+$/)', () => `${long('a', 200_000)}b`, 'any'],
  'digits of $decimal': ['$decimal(trigger.data)', () => long('1'), 'any'],
  'digits of $number': ['$number(trigger.data)', () => long('1'), 'any'],
  'comments in $xml': ['$xml(trigger.data)', () => `<a>${long('<!--')}`, 'any'],
  'large $xml': ['$xml(trigger.data)', () => `<a>${long('<b c="1">x</b>', 4 * MIB - 20)}</a>`, 'any'],
  'deep $xml': ['$xml(trigger.data)', () => long('<a>'), 'any'],
  'names in $xml': [
    '$xml(trigger.data)',
    () =>
      `<a>${texts()
        .map((text) => `<${text.replace(' ', '')}/>`)
        .join('')}</a>`,
    'any',
  ],
  'date of T': ['$instant(trigger.data)', () => `2026-01-01${long('T')}`, 'any'],
  'date of T for $toMillis': ['$toMillis(trigger.data)', () => `2026-01-01${long('T')}`, 'any'],
  'date of T for $dateTime1C': ['$dateTime1C(trigger.data)', () => `2026-01-01${long('T', 40_000)}`, 'any'],
  'width of a picture': ['$now("[Y,99999999]")', () => 1, 'limit'],
  'group with one key': ['trigger.data{"k": $count($)}', numbers, 'any'],
  'group with many keys': ['$count($keys(trigger.data{sku: qty}))', () => lines(60_000), 'any'],
  'tuples with one key': ['trigger.data#$i{"k": $count($i)}', () => numbers(50_000), 'any'],
  'spread of many': ['$count($spread(trigger.data))', () => Array.from({ length: 3 }, () => object(30_000)), 'any'],
  wildcards: ['$count(trigger.data.**.**.**)', () => lines(20_000), 'any'],
  'transform of many': ['$count((trigger.data ~> |$|{"x": 1}|))', () => lines(60_000), 'any'],
  'pretty text of deep data': [
    '$string(trigger.data, true)',
    () =>
      JSON.parse(
        `${'[['.repeat(450)}${texts()
          .map(() => '1')
          .join(',')}${']]'.repeat(450)}`,
      ),
    'limit',
  ],
  'endless recursion': ['($f := function($x) { 1 + $f($x) }; $f(1))', () => 1, 'limit'],
  'endless tail recursion': ['($f := function($x) { $f($x + 1) }; $f(1))', () => 1, 'limit'],
  'mutual recursion': ['($f := function($x) { $g($x) }; $g := function($x) { $f($x) }; $f(1))', () => 1, 'limit'],
  'range of a billion': ['[1..1000000000]', () => 1, 'limit'],
  'ranges in ranges': ['$count([1..100000].([1..100000]))', () => 1, 'limit'],
  'wide padding': ['$pad("x", 1000000000)', () => 1, 'limit'],
  'padding for each': ['$count([1..100000].$pad("x", 100000))', () => 1, 'limit'],
  'deep data': ['$string(trigger.data)', () => JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`), 'limit'],
  'deep data compared': [
    'trigger.data.a = trigger.data.b',
    () => ({
      a: JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`),
      b: JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`),
    }),
    'limit',
  ],
  'roman number': ['$formatInteger(9e15, "I")', () => 1, 'any'],
  'parent of each line': [
    'trigger.data.l.p.(%.sku & %.%.x)',
    () => ({ x: 'y', l: lines(80_000).map((line) => ({ ...line, p: line })) }),
    'any',
  ],
  'positions of lines': ['trigger.data#$i[$i > 5].{"i": $i}', () => lines(80_000), 'any'],
  'large $parse': ['$parse(trigger.data)', () => JSON.stringify(lines(70_000)), 'any'],
  'list of a million': ['$reverse(trigger.data)', () => numbers(1_500_000), 'any'],
};

const each = (call) => `$count(trigger.data.l.(${call}))`;

/** Each function with arguments as large as an event, and in a loop over 100,000 items: name → expressions with their data. */
export const FUNCTION_CASES = {
  sum: [
    ['$sum(trigger.data)', numbers],
    [each('$sum($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  count: [
    ['$count(trigger.data)', numbers],
    [each('$count($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  max: [
    ['$max(trigger.data)', () => numbers(1_000_000)],
    [each('$max($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  min: [
    ['$min(trigger.data)', () => numbers(1_000_000)],
    [each('$min($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  average: [
    ['$average(trigger.data)', numbers],
    [each('$average($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  string: [
    ['$string(trigger.data)', () => lines(100_000)],
    [each('$string($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  substring: ofText('$substring(§, 1, 1000000)'),
  substringBefore: ofText('$substringBefore(§, "q")'),
  substringAfter: ofText('$substringAfter(§, "q")'),
  lowercase: ofText('$lowercase(§)'),
  uppercase: ofText('$uppercase(§)'),
  length: ofText('$length(§)'),
  trim: ofText('$trim(§)'),
  match: ofText('$match(§, /[a-z]q/)'),
  contains: [...ofText('$contains(§, "q")'), ...ofText('$contains(§, /q$/)')],
  replace: [...ofText('$replace(§, "x", "yy")'), ...ofText('$replace(§, /x/, "yy")')],
  split: [...ofText('$split(§, "x")'), ...ofText('$split(§, /x/)')],
  join: [
    ['$join(trigger.data, ", ")', texts],
    [each('$join($$.trigger.data.t)'), () => ({ l: numbers(), t: texts() })],
  ],
  formatNumber: [[each('$formatNumber($, "#,##0.00")'), () => ({ l: numbers() })], ...ofText('$formatNumber(1, §)')],
  formatBase: [[each('$formatBase($, 2)'), () => ({ l: numbers() })]],
  formatInteger: [[each('$formatInteger($, "w")'), () => ({ l: numbers() })], ...ofText('$formatInteger(1, §)')],
  parseInteger: [[each('$parseInteger("twelve thousand", "w")'), () => ({ l: numbers() })], ...ofText('$parseInteger(§, "w")')],
  number: [[each('$number($string($))'), () => ({ l: numbers() })], ...ofText('$number(§)')],
  floor: [[each('$floor($)'), () => ({ l: numbers() })]],
  ceil: [[each('$ceil($)'), () => ({ l: numbers() })]],
  abs: [[each('$abs($)'), () => ({ l: numbers() })]],
  round: [[each('$round($, 2)'), () => ({ l: numbers() })]],
  sqrt: [[each('$sqrt($)'), () => ({ l: numbers() })]],
  power: [[each('$power($, 2)'), () => ({ l: numbers() })]],
  random: [[each('$random()'), () => ({ l: numbers() })]],
  boolean: [
    ['$boolean(trigger.data)', () => texts().map(() => '')],
    [each('$boolean($$.trigger.data.z)'), () => ({ l: numbers(), z: numbers().map(() => 0) })],
  ],
  not: [
    ['$not(trigger.data)', () => texts().map(() => '')],
    [each('$not($$.trigger.data.z)'), () => ({ l: numbers(), z: numbers().map(() => 0) })],
  ],
  map: [
    ['$map(trigger.data, function($x, $i, $a) { $x + $i })', numbers],
    [each('$map($$.trigger.data.l, $string)'), () => ({ l: numbers() })],
  ],
  zip: [
    ['$zip(trigger.data, trigger.data, trigger.data)', numbers],
    [each('$zip($$.trigger.data.l, $$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  filter: [
    ['$filter(trigger.data, function($x) { $x > 5 })', numbers],
    [each('$filter($$.trigger.data.l, $boolean)'), () => ({ l: numbers() })],
  ],
  single: [['$single(trigger.data, function($x) { $x = 5 })', numbers]],
  reduce: [
    ['$reduce(trigger.data, function($a, $b) { $a + $b })', numbers],
    ['$reduce(trigger.data, $append)', numbers],
  ],
  sift: [['$sift(trigger.data, function($v) { $v > 5 })', object]],
  keys: [
    ['$keys(trigger.data)', object],
    ['$keys(trigger.data)', () => lines(100_000)],
    [each('$keys($$.trigger.data.o)'), () => ({ l: numbers(), o: object() })],
  ],
  lookup: [
    ['$lookup(trigger.data, "sku")', () => lines(100_000)],
    [each('$lookup($$.trigger.data.l, "a")'), () => ({ l: numbers() })],
  ],
  append: [
    ['$append(trigger.data, 1)', () => numbers(99_000)],
    [each('$append($$.trigger.data.l, 1)'), () => ({ l: numbers(99_000) })],
  ],
  exists: [[each('$exists($)'), () => ({ l: numbers() })]],
  spread: [
    ['$spread(trigger.data)', object],
    ['$spread(trigger.data)', () => lines(50_000)],
    [each('$spread($$.trigger.data.o)'), () => ({ l: numbers(), o: object(9_000) })],
  ],
  merge: [
    ['$merge(trigger.data)', () => lines(100_000)],
    ['$merge(trigger.data)', () => texts().map((text) => ({ [text]: 1 }))],
  ],
  reverse: [
    ['$reverse(trigger.data)', numbers],
    [each('$reverse($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  each: [['$each(trigger.data, function($v, $k) { $k & $v })', object]],
  error: [['$error(trigger.data)', () => long('x')]],
  assert: [['$assert(false, trigger.data)', () => long('x')]],
  type: [[each('$type($)'), () => ({ l: numbers() })]],
  sort: [
    ['$sort(trigger.data)', texts],
    [each('$sort($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  shuffle: [
    ['$shuffle(trigger.data)', numbers],
    [each('$shuffle($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  distinct: [
    ['$distinct(trigger.data)', texts],
    [each('$distinct($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  encodeUrlComponent: ofText('$encodeUrlComponent(§)'),
  encodeUrl: ofText('$encodeUrl(§)'),
  decodeUrlComponent: ofText('$decodeUrlComponent(§)'),
  decodeUrl: ofText('$decodeUrl(§)'),
  clone: [
    ['$clone(trigger.data)', () => lines(100_000)],
    [each('$clone($$.trigger.data.l)'), () => ({ l: numbers() })],
  ],
  decimal: [[each('$decimal($, 1)'), () => ({ l: numbers() })], ...ofText('$decimal(§)')],
  dateTime1C: [[each('$dateTime1C("2026-02-01T10:00:00Z")'), () => ({ l: numbers() })], ...ofText('$dateTime1C(§)')],
  instant: [[each('$instant("2026-02-01T10:00:00")'), () => ({ l: numbers() })], ...ofText('$instant(§)')],
  phone: [[each('$phone("8 (495) 123-45-67")'), () => ({ l: numbers() })], ...ofText('$phone(§)')],
  uuid: [[each('$uuid($string($))'), () => ({ l: numbers() })], ...ofText('$uuid(§)')],
  hash: [...ofText('$hash(§)'), ...ofText('$hash(§, "sha512")'), [each('$hash("x")'), () => ({ l: numbers() })]],
  parse: [
    ['$parse(trigger.data)', () => `[${long('[],', 4 * MIB - 10)}0]`],
    ['$parse(trigger.data)', () => long('[')],
    [each('$parse($$.trigger.data.t)'), () => ({ l: numbers(), t: JSON.stringify(lines(1000)) })],
  ],
  xml: [
    ['$xml(trigger.data)', () => long('<a>')],
    [each('$xml("<a><b>1</b></a>")'), () => ({ l: numbers() })],
  ],
  now: [[each('$now("[Y]-[M01]", "+05:00")'), () => ({ l: numbers() })]],
  millis: [[each('$millis()'), () => ({ l: numbers() })]],
  toMillis: [
    [each('$toMillis("01.02.2026 10:00", "[D01].[M01].[Y0001] [H01]:[m01]")'), () => ({ l: numbers() })],
    ...ofText('$toMillis(§)'),
    ...ofText('$toMillis(§, "[Y]")'),
    ...ofText('$toMillis("1", §)'),
  ],
  fromMillis: [[each('$fromMillis($, "[Y]-[M01]", "Europe/Moscow")'), () => ({ l: numbers() })], ...ofText('$fromMillis(1, §)')],
  base64encode: ofText('$base64encode(§)'),
  base64decode: ofText('$base64decode(§)'),
  pad: [...ofText('$pad(§, 10)'), ...ofText('$pad("x", 1000, §)'), [each('$pad("x", 1000)'), () => ({ l: numbers() })]],
};

/** Returns the cases of a function of one long text: called once, and for each of 100,000 items. */
function ofText(call) {
  return [
    [call.replace('§', 'trigger.data'), () => long('x')],
    [call.replace('§', 'trigger.data'), () => long('ф ', 2 * MIB)],
    [each(call.replace('§', '$$.trigger.data.t')), () => ({ l: numbers(), t: long('x', 200_000) })],
  ];
}
