import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mentionBeforeCaret, readComposer, safeUrl, segmentsOf, type ComposerNode } from '../../page/model/rich-text.js';
import type { Span } from '../../page/model/shapes.js';
import { ANNA } from './fixtures.js';

const text = (value: string): ComposerNode => ({ nodeType: 3, nodeName: '#text', nodeValue: value, childNodes: [] });
const node = (name: string, ...children: (ComposerNode | string)[]): ComposerNode => ({
  nodeType: 1,
  nodeName: name,
  nodeValue: null,
  childNodes: children.map((child) => (typeof child === 'string' ? text(child) : child)),
});
const mention = (name: string): ComposerNode => ({ ...node('SPAN', `@${name}`), dataset: { person: ANNA } });

describe('the text of the composer', () => {
  it('reads formats, mentions and line breaks', () => {
    const root = node(
      'DIV',
      'Hi ',
      mention('Anna'),
      ' see ',
      node('B', 'this ', node('I', 'now')),
      node('BR'),
      node('CODE', 'x'),
    );
    expect(readComposer(root)).toEqual({
      text: 'Hi @Anna see this now\nx',
      spans: [
        { kind: 'mention', from: 3, to: 8, person: ANNA },
        { kind: 'bold', from: 13, to: 21 },
        { kind: 'italic', from: 18, to: 21 },
        { kind: 'code', from: 22, to: 23 },
      ],
    });
  });

  it('removes spaces at the ends and moves the formats with the text', () => {
    expect(readComposer(node('DIV', '  ', node('B', ' go'), '\u00a0', node('BR')))).toEqual({
      text: 'go',
      spans: [{ kind: 'bold', from: 0, to: 2 }],
    });
    expect(readComposer(node('DIV', node('B', '  ')))).toEqual({ text: '', spans: [] });
  });

  it('joins formats that editing has split', () => {
    const root = node('DIV', node('B', 'one'), node('B', 'two'));
    expect(readComposer(root).spans).toEqual([{ kind: 'bold', from: 0, to: 6 }]);
  });

  it('starts a line for each block that the browser has made', () => {
    expect(readComposer(node('DIV', 'one', node('DIV', 'two'), node('DIV', 'three'))).text).toBe('one\ntwo\nthree');
  });

  it.each([
    ['@', ''],
    ['Hello @ан', 'ан'],
    ['Hello @Анна Бе', 'Анна Бе'],
    ['mail@host', undefined],
    ['Hello @a b c', undefined],
    ['no mention', undefined],
  ])('finds the mention that is being written in %j', (before, expected) => {
    expect(mentionBeforeCaret(before)).toBe(expected);
  });
});

describe('the runs of a text', () => {
  it('cuts overlapping spans', () => {
    const spans: Span[] = [
      { kind: 'bold', from: 0, to: 4 },
      { kind: 'italic', from: 2, to: 6 },
    ];
    expect(segmentsOf('abcdef', spans).map((one) => [one.text, [...one.formats]])).toEqual([
      ['ab', ['bold']],
      ['cd', ['bold', 'italic']],
      ['ef', ['italic']],
    ]);
  });

  it('links a bare web address without the full stop after it', () => {
    expect(segmentsOf('see https://example.org/a?b=1.', []).map(({ text: run, url }) => [run, url])).toEqual([
      ['see ', undefined],
      ['https://example.org/a?b=1', 'https://example.org/a?b=1'],
      ['.', undefined],
    ]);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', ' javascript:x', 'vbscript:x', 'file:///etc/passwd', '//host'])(
    'does not link to %s',
    (url) => {
      expect(safeUrl(url)).toBeUndefined();
      expect(segmentsOf('x', [{ kind: 'link', from: 0, to: 1, url }])[0]).not.toHaveProperty('url');
    },
  );

  it.each(['https://a.ru', 'http://a', 'e1cib/data'.replace('e1cib', 'e1c:'), 'tel:+7916', 'mailto:a@b.ru'])(
    'links to %s',
    (url) => {
      expect(safeUrl(url)).toBe(url);
    },
  );

  it('marks search matches across formats', () => {
    const runs = segmentsOf('abcd', [{ kind: 'bold', from: 0, to: 2 }], [{ from: 1, to: 3 }]);
    expect(runs.map((one) => [one.text, one.isHighlighted])).toEqual([
      ['a', false],
      ['b', true],
      ['c', true],
      ['d', false],
    ]);
  });

  it('keeps every character, whatever the spans are', () => {
    const span = fc.record({
      kind: fc.constantFrom<Span['kind']>('bold', 'italic', 'link', 'mention', 'code'),
      from: fc.nat(40),
      to: fc.nat(60),
    });
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.array(span, { maxLength: 8 }), (value, spans) => {
        expect(
          segmentsOf(value, spans)
            .map((one) => one.text)
            .join(''),
        ).toBe(value);
      }),
    );
  });
});
