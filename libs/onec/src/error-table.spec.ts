import { describe, expect, it } from '@jest/globals';
import { failureOfText, readException } from './error-table.js';

describe('failureOfText', () => {
  it.each([
    ['Не найдена лицензия. Не обнаружен ключ защиты программы или полученная программная лицензия!', 'ONEC_LICENCE'],
    ['No free licenses found', 'ONEC_LICENCE'],
    ['СЕАНС ОТСУТСТВУЕТ ИЛИ УДАЛЕН', 'ONEC_SESSION_GONE'],
    ['Процесс завершается. Исходящий вызов запрещен', 'ONEC_RESTARTING'],
    ['Ошибка блокировки: Lock conflict in transaction', 'ONEC_LOCKED'],
    ['Не заполнено поле «Склад»', 'ONEC_BUSINESS'],
  ])('maps "%s" to %s', (text, code) => expect(failureOfText(text, []).code).toBe(code));

  it('checks the patterns of the connection first', () => {
    const patterns = [{ contains: 'период закрыт', fate: 'unavailable' as const }];
    expect(failureOfText('Период закрыт для изменений', patterns)).toMatchObject({ code: 'ONEC_BLOCKED', fate: 'unavailable' });
  });

  it('truncates the text in the message, and keeps more of it in the details', () => {
    const { message, details } = readException('x'.repeat(2_000));
    expect([message.length, details.text.length]).toEqual([500, 2_000]);
  });

  it.each([
    ['{Документ.Заказ.МодульОбъекта(7,3)}: нет остатка', { module: 'Документ.Заказ.МодульОбъекта', line: 7 }],
    ['{ОбщийМодуль.Обмен.Модуль(12)}: нет остатка', { module: 'ОбщийМодуль.Обмен', line: 12 }],
  ])('reads the module and the line: %s', (text, place) =>
    expect(readException(text)).toMatchObject({ message: 'нет остатка', details: place }),
  );

  it('reads the module and the line after other words, as in a fault of a web service', () =>
    expect(readException('Неизвестная ошибка. {WebСервис.Заказы.Модуль(25)}: Не указан покупатель')).toMatchObject({
      message: 'Не указан покупатель',
      details: { module: 'WebСервис.Заказы', line: 25 },
    }));

  it('returns the innermost of a chain of reasons, without the quoted source lines', () => {
    const text = [
      '{WebСервис.Заказы.Модуль(25)}: Ошибка при вызове метода контекста (Записать)',
      '\tДокумент.Записать();',
      'по причине:',
      '{Документ.Заказ.МодульОбъекта(7)}: Контрагент заблокирован',
      '\tВызватьИсключение "Контрагент заблокирован";',
    ].join('\n');
    expect(readException(text)).toEqual({
      message: 'Контрагент заблокирован',
      details: { text, module: 'Документ.Заказ.МодульОбъекта', line: 7 },
    });
  });

  it('returns the nearest module and line if the innermost reason has none', () =>
    expect(readException('{WebСервис.Заказы.Модуль(25)}: Ошибка\nпо причине:\nДеление на 0')).toMatchObject({
      message: 'Деление на 0',
      details: { module: 'WebСервис.Заказы', line: 25 },
    }));

  it('reports an empty text as a refusal without a reason', () =>
    expect(readException(' ').message).toBe('1C refused and gave no reason'));
});
