import { describe, expect, it } from '@jest/globals';
import { readDocuments } from './read-documents.js';

function read(content: string | Uint8Array) {
  return readDocuments({ file: 'a.yaml', bytes: typeof content === 'string' ? Buffer.from(content) : content });
}

/** Returns each finding as `line:column CODE → cure`. */
function findings(content: string | Uint8Array): string[] {
  return read(content).report.findings.map(
    ({ line, column, code, write, do: cure }) => `${line}:${column} ${code} → ${write ?? cure ?? ''}`,
  );
}

describe('readDocuments', () => {
  it('accepts a byte order mark and Windows line ends', () => {
    const { documents, report } = read('\ufeffa: 1\r\nb: >-\r\n  x\r\n  y\r\n');
    expect(report.findings).toEqual([]);
    expect(documents[0]?.root?.entries.map(({ name, value }) => [name, value.kind === 'scalar' && value.value])).toEqual([
      ['a', 1],
      ['b', 'x y'],
    ]);
  });

  it('reads several documents and leaves empty ones out', () => {
    expect(
      read('---\n---\na: 1\n---\n# only a comment\n---\nb: 2\n').documents.map(({ root }) => root?.entries[0]?.name),
    ).toEqual(['a', 'b']);
  });

  it('rejects a file that is not UTF-8 and names its encoding', () => {
    const windows1251 = Uint8Array.from([...Buffer.from('a: 1\nb: '), 0xcf, 0xf0, 0xe8, 0xe2, 0xe5, 0xf2]);
    const [finding] = read(windows1251).report.findings;
    expect(finding).toMatchObject({
      line: 2,
      column: 4,
      code: 'FILE_NOT_UTF8',
      message: 'this is not UTF-8; it looks like Windows-1251',
      do: 'save it as UTF-8',
    });
    expect(read(Buffer.from('\ufeffa: 1', 'utf16le')).report.findings[0]?.message).toContain('UTF-16');
  });

  it('reads words and times of other YAML versions as texts', () => {
    const values = read('[yes, no, on, да, 02:00, 2026-02-01, 8.3.27, null, true, -5, 1.5]').report.findings;
    expect(values.map(({ code }) => code)).toEqual(['FLOW_VALUE']); // only because a document is a map
    const list = read('a: [yes, no, on, да, 02:00, 2026-02-01, 8.3.27, null, true, -5, 1.5]').documents[0]?.root?.entries[0]
      ?.value;
    expect(list?.kind === 'list' && list.items.map((item) => item.kind === 'scalar' && item.value)).toEqual([
      'yes',
      'no',
      'on',
      'да',
      '02:00',
      '2026-02-01',
      '8.3.27',
      null,
      true,
      -5,
      1.5,
    ]);
  });
});

describe('readDocuments with misleading YAML', () => {
  it.each([
    ['an anchor', 'title: &Co x', ['1:8 YAML_ALIAS → put the value in quotes']],
    ['an alias', 'types: [*.created]', ["1:9 YAML_ALIAS → '*.created'"]],
    ['a cron line', 'cron: */5 * * * *', ["1:7 YAML_ALIAS → '*/5 * * * *'"]],
    ['a merge key', '<<: { a: 1 }', ['1:1 YAML_ALIAS → write the keys out']],
    ['a tag', 'when: !done', ['1:7 YAML_SYNTAX → put the value in quotes']],
    ['a directive', '%YAML 1.1\n---\na: yes', ['1:1 YAML_SYNTAX → delete the line']],
    ['a key that is a number', '1: x', ["1:1 YAML_SYNTAX → '1'"]],
    ['a key that is a list', '[a]: x', ['1:1 YAML_SYNTAX → put the value in quotes if it is a text']],
    ['a repeated key', 'a: 1\nb: 2\na: 3', ['3:1 YAML_SYNTAX → delete one of the two']],
    ['a tab as indentation', 'a:\n\tb: 2', ['2:1 YAML_SYNTAX → indent with spaces']],
    ['an empty value', 'a:\nb: 1', ['1:1 YAML_EMPTY → a: null  (if nothing is meant)']],
    ['a value that is a comment', 'type: #', ["1:1 YAML_EMPTY → type: '#'"]],
    ['an empty item', 'a:\n  -\n  - 1', ['2:4 YAML_EMPTY → write null if nothing is meant, or delete it']],
    ['a URL that is two keys', 'url: { q: http://x/?a=1,2 }', ['1:25 YAML_EMPTY → 2: null  (if nothing is meant)']],
    ['a tilde', 'a: ~', ["1:4 YAML_SPELLING → null, or '~' if it is a text"]],
    ['a capital', 'a: True', ["1:4 YAML_SPELLING → true, or 'True' if it is a text"]],
    ['not a number', 'a: .nan', ["1:4 YAML_SPELLING → '.nan' if it is a text"]],
    ['a leading zero', 'a: 0101', ["1:4 YAML_NUMBER → '0101' if it is a text (a phone, a code, an account)"]],
    ['an exponent', 'a: 1e3', ["1:4 YAML_NUMBER → '1e3' if it is a text (a phone, a code, an account)"]],
    ['a hexadecimal', 'a: 0x1F', ["1:4 YAML_NUMBER → '0x1F' if it is a text (a phone, a code, an account)"]],
    ['a version', 'a: 10.10', ["1:4 YAML_NUMBER → '10.10' if it is a text (a phone, a code, an account)"]],
    [
      'a long account',
      'a: 40702810900000012345',
      ["1:4 YAML_NUMBER → '40702810900000012345' if it is a text (a phone, a code, an account)"],
    ],
    ['a non-breaking space', 'a: x\u00a0y', ['1:5 YAML_CHARACTER → an ordinary space, or put the text in quotes']],
    ['a typographic quote', 'a: “x”', ['1:4 YAML_CHARACTER → ", or put the text in quotes']],
    ['a letter of two characters', 'a: мои\u0306', ['1:6 YAML_CHARACTER → й, or put the text in quotes']],
    ['half of a character', 'a: "x\\ud800"', ['1:4 YAML_CHARACTER → write both halves of the character, or delete the escape']],
  ])('rejects %s', (_, text, expected) => {
    expect(findings(text)).toEqual(expected);
  });

  it.each([
    ['any character in quotes', `a: 'x\u00a0y “z”'`],
    ['guillemets, the Russian quotes', 'a: ООО «Ромашка»'],
    ['special numbers in quotes', "a: ['0101', \"1e3\", '~']"],
    ['any character in an expression, which has its own check', 'a: ${{ “x” }}'],
  ])('accepts %s', (_, text) => {
    expect(findings(text)).toEqual([]);
  });
});

describe('readDocuments with a missing quote', () => {
  it.each([
    ['": " in an expression', 'a:\n  title: ${{ a ? "x" : "y" }}\n  b: 1', [`2:22 YAML_QUOTE → title: '\${{ a ? "x" : "y" }}'`]],
    ['": " in an object', 'data: ${{ {"a": 1} }}', [`1:15 YAML_QUOTE → data: '\${{ {"a": 1} }}'`]],
    ['": " in a text', 'title: Заказ: новый', ["1:13 YAML_QUOTE → title: 'Заказ: новый'"]],
    ['an item of a list of maps', '- when: ${{ a ? "x" : "y" }}\n  b: 1', [`1:21 YAML_QUOTE → - when: '\${{ a ? "x" : "y" }}'`]],
    ['an expression in a list', 'a: [ ${{ a }} ]', ["1:6 YAML_QUOTE → a: [ '${{ a }}' ]"]],
    [
      'several expressions in braces',
      "to: { user: ${{ {'a':{'b':1}} }}, b: '${{ c }}', c: ${{ d }} }",
      ["1:13 YAML_QUOTE → to: { user: '${{ {''a'':{''b'':1}} }}', b: '${{ c }}', c: '${{ d }}' }"],
    ],
    ['a quote that ends too early', "title: '${{ a = 'x' }}'", [`1:17 YAML_QUOTE → title: '\${{ a = "x" }}'`]],
    ['an escape of a regular expression', 'v: "${{ $match(a, /\\d+/) }}"', ["1:20 YAML_QUOTE → v: '${{ $match(a, /\\d+/) }}'"]],
    ['a reserved character in a list', 'plugins: [@sluice/plugin-http]', ["1:11 YAML_QUOTE → plugins: ['@sluice/plugin-http']"]],
    ['a reserved character in a block', 'plugins:\n  - @sluice/plugin-http', ["2:5 YAML_QUOTE → - '@sluice/plugin-http'"]],
    [
      'two lines at once',
      'a: ${{ x ? 1 : 2 }}\nb: ok\nc: ${{ y ? 1 : 2 }}',
      ["1:14 YAML_QUOTE → a: '${{ x ? 1 : 2 }}'", "3:14 YAML_QUOTE → c: '${{ y ? 1 : 2 }}'"],
    ],
  ])('shows the corrected line for %s', (_, text, expected) => {
    expect(findings(text)).toEqual(expected);
  });

  it('expects no quotes inside of a block scalar', () => {
    expect(findings('a: >-\n  ${{ x ? "b" : "c" }}\nb: ${{ y ? 1 : 2 }}')).toEqual(["3:14 YAML_QUOTE → b: '${{ y ? 1 : 2 }}'"]);
  });

  it('reports another syntax error with the message of the parser', () => {
    expect(findings('- a\nb: c')).toEqual([
      '2:1 YAML_SYNTAX → check the indentation, the colons and the quotes of this line and of the line above',
    ]);
  });

  it.each([
    ['[', 'a: [x', '1:6', ']'],
    ['{', 'a: { x: 1\nb: 2', '2:1', '}'],
  ])('names the missing end of a "%s"', (_, text, place, end) => {
    expect(findings(text)).toEqual([`${place} YAML_SYNTAX → add the "${end}", or indent the lines between the two brackets`]);
  });

  it('accepts a text in quotes that continues in the next line', () => {
    expect(findings('a: "x\n  y"\nb: [z')).toEqual([
      '3:6 YAML_SYNTAX → add the "]", or indent the lines between the two brackets',
    ]);
  });
});
