import { describe, expect, it } from '@jest/globals';
import type { Finding } from '@sluice/flow';
import { githubAnnotations, sarifLog } from './report-formats.js';

const PLACE = { workspace: '/repo/shop', base: '/repo' };

const FINDING: Finding = {
  file: 'flows/заказ a.yaml',
  line: 3,
  column: 7,
  endColumn: 9,
  code: 'FLOW_DURATION',
  severity: 'error',
  message: 'expires: 30 has no unit',
  write: 'expires: 30s',
  fix: [{ range: { line: 3, column: 7, endLine: 3, endColumn: 9 }, text: '30s' }],
};
const WARNING: Finding = {
  ...FINDING,
  code: 'STEP_UNUSED',
  severity: 'warning',
  message: 'nothing reads steps.a',
  do: 'delete the step',
};

describe('sarifLog', () => {
  const [run] = sarifLog([FINDING, WARNING, FINDING], PLACE).runs;
  const rules = run?.tool.driver.rules ?? [];
  const results = run?.results ?? [];

  it('has one rule with help in English for each code, and each result names its rule', () => {
    expect(rules.map(({ id }) => id)).toEqual(['FLOW_DURATION', 'STEP_UNUSED']);
    expect(results.map(({ ruleId, ruleIndex }) => rules[ruleIndex]?.id === ruleId)).toEqual([true, true, true]);
    for (const { help, shortDescription } of rules) {
      expect(shortDescription.text).toMatch(/^[A-Z].*\.$/);
      expect(help.text).toContain('What to do: ');
      expect(help.markdown).toContain('```');
      expect(help.text).not.toMatch(/[а-яё]/i);
    }
  });

  it('contains relative addresses with escapes, the region, and the fix', () => {
    const region = { startLine: 3, startColumn: 7, endLine: 3, endColumn: 9 };
    const artifactLocation = { uri: `shop/flows/${encodeURIComponent('заказ a.yaml')}` };
    expect(results[0]).toEqual({
      ruleId: 'FLOW_DURATION',
      ruleIndex: 0,
      level: 'error',
      message: { text: 'expires: 30 has no unit\nwrite: expires: 30s' },
      locations: [{ physicalLocation: { artifactLocation, region } }],
      fixes: [
        {
          description: { text: 'expires: 30s' },
          artifactChanges: [{ artifactLocation, replacements: [{ deletedRegion: region, insertedContent: { text: '30s' } }] }],
        },
      ],
    });
    expect(results[1]).toMatchObject({ level: 'warning', message: { text: 'nothing reads steps.a\nwrite: expires: 30s' } });
  });
});

describe('githubAnnotations', () => {
  it('writes one line for each finding, with escapes in properties and message', () => {
    const odd = { ...FINDING, file: 'flows/a,b:c%.yaml', message: '50% of it\r\nis ::error::' };
    expect(githubAnnotations([odd, WARNING], PLACE).split('\n')).toEqual([
      '::error file=shop/flows/a%2Cb%3Ac%25.yaml,line=3,col=7,endColumn=9,title=FLOW_DURATION::50%25 of it%0D%0Ais ::error::%0Awrite: expires: 30s',
      '::warning file=shop/flows/заказ a.yaml,line=3,col=7,endColumn=9,title=STEP_UNUSED::nothing reads steps.a%0Awrite: expires: 30s',
    ]);
  });
});
