import { describe, expect, it } from '@jest/globals';
import { withConnection, withPlugin } from './settings-edits.js';

const ENTRY = ['crm:', '  use: http', '  with:', '    baseUrl: x'];

describe('withPlugin', () => {
  it.each([
    [
      'a list on lines',
      "plugins:\n  - a # first\n  - 'b' # last\nvars: {}\n",
      "plugins:\n  - a # first\n  - 'b' # last\n  - 'c'\nvars: {}\n",
    ],
    ['a list without indentation', 'plugins:\n- a\n', "plugins:\n- a\n- 'c'\n"],
    ['a list at the end without a line break', 'plugins:\n  - a', "plugins:\n  - a\n  - 'c'\n"],
    ['a list in brackets', "plugins: ['a', b ] # two\n", "plugins: ['a', b, 'c' ] # two\n"],
    ['an empty list', 'plugins: []\nvars: {}\n', "plugins: ['c']\nvars: {}\n"],
  ])('adds to %s and changes nothing else', (_kind, before, after) => {
    expect(withPlugin(before, 'c')).toBe(after);
  });

  it('refuses a file without plugins and one that cannot be read', () => {
    expect(() => withPlugin('sluice: 1\n', 'c')).toThrow("write plugins: ['c']");
    expect(() => withPlugin('- a\n', 'c')).toThrow('run "sluice lint"');
  });
});

describe('withConnection', () => {
  it.each([
    [
      'after the last one, before other keys and after its comment',
      'connections:\n    erp:\n        use: onec-http # ours\n\n# end\nvars: {}\n',
      'connections:\n    erp:\n        use: onec-http # ours\n    crm:\n      use: http\n      with:\n        baseUrl: x\n\n# end\nvars: {}\n',
    ],
    [
      'where there is none yet',
      'sluice: 1\nplugins: []',
      'sluice: 1\nplugins: []\n\nconnections:\n  crm:\n    use: http\n    with:\n      baseUrl: x\n',
    ],
    [
      'into an empty map',
      'connections: {}\nvars: {}\n',
      'connections:\n  crm:\n    use: http\n    with:\n      baseUrl: x\nvars: {}\n',
    ],
  ])('adds a connection %s', (_where, before, after) => {
    expect(withConnection(before, ENTRY)).toBe(after);
  });

  it('refuses connections in braces', () => {
    expect(() => withConnection('connections: { erp: { use: http } }\n', ENTRY)).toThrow('write each on lines of its own');
  });

  it('keeps the line breaks and the byte order mark of Windows', () => {
    const text = '\ufeffplugins:\r\n  - a\r\nconnections:\r\n  erp:\r\n    use: a\r\n';
    const changed = withConnection(withPlugin(text, 'c'), ENTRY);
    expect(changed).toMatch(/^\ufeffplugins:\r\n {2}- a\r\n {2}- 'c'\r\nconnections:\r\n {2}erp:\r\n {4}use: a\r\n {2}crm:\r\n/);
    expect(changed).not.toMatch(/[^\r]\n/);
  });
});
