import type { FlowTestResult } from '@sluice/flow-test';

/** Characters that XML 1.0 cannot contain. https://www.w3.org/TR/xml/#charsets */
// eslint-disable-next-line no-control-regex -- these are the characters to replace
const NOT_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]|\p{Cs}/gu;
const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;' };

/** Returns the results as JSON. */
export function jsonReport(results: readonly FlowTestResult[]): string {
  const views = results.map(({ hits: _hits, ...result }) => ({ ...result, passed: result.mismatches.length === 0 }));
  return JSON.stringify(views, undefined, 2);
}

/** Returns the results in the format of JUnit, a suite for each flow. https://github.com/testmoapp/junitxml */
export function junitReport(results: readonly FlowTestResult[]): string {
  const byFlow = new Map<string, FlowTestResult[]>();
  for (const result of results) {
    const suite = byFlow.get(result.flow) ?? [];
    byFlow.set(result.flow, suite);
    suite.push(result);
  }
  const suites = [...byFlow].map(([flow, suite]) =>
    element('testsuite', { name: flow, ...countsOf(suite) }, suite.map(testCase)),
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'sluice', ...countsOf(results) }, suites)}\n`;
}

function testCase({ flow, name, location: { file, line }, mismatches, ms }: FlowTestResult): string {
  const failures = mismatches.map(({ code, location, message, entries = [] }) => {
    const place = `${location.file}:${location.line}:${location.column}`;
    const lines = entries.map(({ kind, value }) => `${{ equal: ' ', missing: '-', surplus: '+' }[kind]} ${value}`);
    return element('failure', { type: code, message }, [text([`${place} ${code} ${message}`, ...lines].join('\n'))]);
  });
  return element('testcase', { name, classname: flow, file, line, time: ms / 1_000 }, failures);
}

function countsOf(results: readonly FlowTestResult[]) {
  const failures = results.filter(({ mismatches }) => mismatches.length > 0).length;
  const time = results.reduce((sum, { ms }) => sum + ms, 0) / 1_000;
  return { tests: results.length, failures, errors: 0, time };
}

function element(name: string, attributes: Readonly<Record<string, string | number>>, inside: readonly string[]): string {
  const opening = [name, ...Object.entries(attributes).map(([key, value]) => `${key}="${text(String(value))}"`)].join(' ');
  return inside.length === 0 ? `<${opening}/>` : `<${opening}>\n${inside.join('\n')}\n</${name}>`;
}

function text(value: string): string {
  return value.replaceAll(NOT_XML, '\uFFFD').replaceAll(/[&<>"\n]/g, (character) => ESCAPES[character] ?? character);
}
