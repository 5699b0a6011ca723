import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { Application } from '../admin/conversations-api.js';
import { shown } from '../terminal/paint.js';
import { applicationsTable, findApplication } from './applications.js';
import { subscribersTable } from './subscribers.js';

const SHOP: Application = { id: 'a-1', issuer: 'app-1', title: 'Магазин', isLocked: false, keys: 2 };
const ERP: Application = { id: 'a-2', issuer: 'erp', title: 'УТ', isLocked: true, keys: 0 };

const linesOf = (table: string) =>
  stripVTControlCharacters(shown(table))
    .split('\n')
    .map((line) => line.split(/\s{3,}/));

describe('tables of conversations', () => {
  it('show applications with their keys, and where those of sluice.yaml are', () => {
    expect(linesOf(applicationsTable([SHOP, ERP]))).toEqual([
      ['ISSUER', 'TITLE', 'STATE', 'KEYS'],
      ['app-1', 'Магазин', 'open', '2'],
      ['erp', 'УТ', 'locked', 'in sluice.yaml'],
    ]);
  });

  it('show subscribers, and which are locked', () => {
    const one = { id: 's-1', code: 'romashka', title: 'ООО «Ромашка»', isLocked: true };
    expect(linesOf(subscribersTable([one]))).toEqual([
      ['CODE', 'TITLE', 'STATE'],
      ['romashka', 'ООО «Ромашка»', 'locked'],
    ]);
  });
});

describe('findApplication', () => {
  const api = { applications: async () => [SHOP, ERP] };
  const owner = { id: 's-1', code: 'main' };

  it('returns the application of the issuer, and names the commands that help for an unknown one', async () => {
    expect(await findApplication(api, owner, 'erp')).toBe(ERP);
    await expect(findApplication(api, owner, 'app-9')).rejects.toThrow(
      /main has no application with the issuer app-9: "sluice applications ls" .*--subscriber/,
    );
  });
});
