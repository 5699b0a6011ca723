import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { languageOf } from '../src/commands/explain.js';
import { Catalogue, type PluginTable } from '../src/explain/catalogue.js';
import { LANGUAGES, pageText } from '../src/explain/page.js';
import { rowsOf } from '../src/explain/plugin-tables.js';

const PLUGINS = path.resolve(import.meta.dirname, '../../../plugins');

/** The tables of all plugins of this repository. */
async function tables(): Promise<readonly PluginTable[]> {
  const found: PluginTable[] = [];
  for (const plugin of readdirSync(PLUGINS)) {
    if (!existsSync(path.join(PLUGINS, plugin, 'src/failures.ts'))) continue;
    const module = (await import(`../../../plugins/${plugin}/src/failures.ts`)) as Readonly<Record<string, unknown>>;
    found.push({ plugin, codes: rowsOf(module) });
  }
  return found;
}

describe('sluice explain', () => {
  it('has a page with an example for each code, in both languages', async () => {
    const catalogue = new Catalogue(await tables());
    expect(catalogue.codes.length).toBeGreaterThan(150);
    const incomplete = catalogue.codes.flatMap((code) =>
      LANGUAGES.flatMap((language) => {
        const page = catalogue.page(code, language);
        const { wrong = '', right = '' } = page?.example ?? {};
        const isWhole = page !== undefined && page.means.length > 10 && page.cure.length > 3 && wrong !== '' && right !== '';
        const isInLanguage = language === 'en' ? !/[а-яё]{4}/i.test(page?.means ?? '') : /[а-яё]{4}/i.test(page?.means ?? '');
        return isWhole && isInLanguage && wrong !== right && !page.means.startsWith('the message of the error')
          ? []
          : [`${code} ${language}`];
      }),
    );
    expect(incomplete).toEqual([]);
  });

  it('shows the cure of the table in English', async () => {
    const catalogue = new Catalogue(await tables());
    const page = catalogue.page('GATEWAY_PORT', 'en');
    expect(page && pageText(page, 'en')).toContain('What to do: stop the program that listens at the port');
    expect(page?.kind).toBe('error of the connector tcp-gateway, fate fatal');
  });

  it('explains a code of a plugin of others by its table', () => {
    const sms = { plugin: 'sms', codes: { SMS_NO_MONEY: { fate: 'fatal', cure: 'top up' } } } as const;
    expect(new Catalogue([sms]).page('SMS_NO_MONEY', 'ru')).toMatchObject({
      kind: 'ошибка коннектора sms, исход fatal',
      cure: 'top up',
      example: undefined,
    });
  });

  it('lists each code once', async () => {
    const { groups, codes } = new Catalogue(await tables());
    const twice = groups.flatMap((group) => group.codes).filter((code, index, all) => all.indexOf(code) !== index);
    // both connectors to 1C have the errors of 1C
    expect(twice.filter((code) => !code.startsWith('ONEC_'))).toEqual([]);
    expect(codes).toContain('EXPR_ROOT');
  });

  it.each([
    [{ LANG: 'ru_RU.UTF-8' }, 'ru'],
    [{ LANG: 'en_US.UTF-8' }, 'en'],
    [{ LANG: 'C' }, 'en'],
    [{}, 'en'],
    [{ LANG: 'ru_RU.UTF-8', LC_ALL: 'C' }, 'en'],
    [{ LANG: 'en_US', LC_MESSAGES: 'ru' }, 'ru'],
    [{ LANG: 'run_UG.UTF-8' }, 'en'],
  ])('takes the language of %j', (env, language) => {
    expect(languageOf(env)).toBe(language);
  });
});
