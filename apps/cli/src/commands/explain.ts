import { nearest } from '@sluice/flow/codes';
import { Option, type Command } from 'commander';
import { Catalogue, type CodeGroup } from '../explain/catalogue.js';
import { LANGUAGES, pageText, type Language } from '../explain/page.js';
import { pluginTables } from '../explain/plugin-tables.js';
import { UsageError } from '../exit.js';
import { print, printJson } from '../terminal/print.js';

interface Flags {
  readonly lang: Language;
  readonly workspace: string;
  readonly format: 'text' | 'json';
}

export function addExplain(command: Command): void {
  command
    .argument('[code]', 'the code of a finding or of an error; without it all codes are listed')
    .addOption(
      new Option('--lang <language>', 'language of the page')
        .choices([...LANGUAGES])
        .default(languageOf(process.env), 'from LANG'),
    )
    .option('--workspace <dir>', 'folder with sluice.yaml, for the codes of its plugins', '.')
    .addOption(new Option('--format <format>', 'format of the page').choices(['text', 'json']).default('text'))
    .action(async (code: string | undefined, { lang, workspace, format }: Flags) => {
      const catalogue = new Catalogue(await pluginTables(workspace));
      if (code === undefined) {
        if (format === 'json') printJson(catalogue.codes.map((each) => catalogue.page(each, lang)));
        else print(catalogue.groups.map((group) => groupText(group, catalogue, lang)).join('\n\n'));
        return;
      }
      const page = catalogue.page(code.toUpperCase(), lang);
      if (!page) throw new UsageError(unknown(code, catalogue));
      if (format === 'json') printJson(page);
      else print(pageText(page, lang));
    });
}

/** Returns the language of the messages, by the rules of POSIX: LC_ALL, LC_MESSAGES, LANG. */
export function languageOf(env: Readonly<Record<string, string | undefined>>): Language {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return /^ru([_.@]|$)/i.test(locale) ? 'ru' : 'en';
}

function unknown(code: string, catalogue: Catalogue): string {
  const near = nearest(code.toUpperCase(), catalogue.codes);
  return near === undefined
    ? `no code is called ${code}: "sluice explain" lists all`
    : `no code is called ${code}: did you mean "sluice explain ${near}"?`;
}

function groupText({ title, codes }: CodeGroup, catalogue: Catalogue, lang: Language): string {
  const width = Math.max(...codes.map((code) => code.length));
  return [title[lang], ...codes.map((code) => `  ${code.padEnd(width)}  ${catalogue.page(code, lang)?.means ?? ''}`)].join('\n');
}
