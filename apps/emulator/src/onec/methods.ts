/** The data of the methods: the base stores only the last number of a document. */
export interface Base {
  lastNumber: number;
}

/** An exception in the code of the configuration: 500 with the text in the body. */
export class OnecException extends Error {}

type Method = (base: Base, data: Record<string, unknown>) => unknown;

const NAMES = ['ООО «Ромашка»', 'ИП Иванов И. И.', 'АО «Василёк»', 'ООО «Ёлка»', 'ПАО «Лютик»'];

const METHODS: Readonly<Record<string, Method>> = {
  Ping: () => ({ Ответ: 'Pong' }),
  Echo: (_base, data) => data,
  SaveOrder: save('Документ.ЗаказПокупателя'),
  SaveDocument: save('Документ.РеализацияТоваровУслуг'),
  SaveContact: save('Справочник.КонтактныеЛица'),
  SaveVisit: save('Документ.Посещение'),
  PostPayment: save('Документ.ПоступлениеНаРасчетныйСчет'),
  FindCounterparty: (_base, data) => {
    const digits = text(data['Телефон']).replaceAll(/\D/g, '');
    return {
      Ссылка: reference('Справочник.Контрагенты', Number(digits.slice(-6))),
      Наименование: NAMES[Number(digits.slice(-1)) % NAMES.length],
    };
  },
  GetStock: (_base, data) => ({ Артикул: data['Артикул'] ?? null, Остаток: 7 }),
  GetDebt: (_base, data) => ({ Контрагент: data['Контрагент'] ?? null, Долг: 10.1 }),
  GetPriceList: (_base, data) => ({ Вид: data['Вид'] ?? null, Строки: [{ Артикул: 'A-1', Цена: 120.5 }] }),
  Fail: (_base, data) => {
    throw new OnecException(text(data['Текст']) || 'Контрагент заблокирован');
  },
};

/** Carries out one call of the service. An unknown method is accepted and has no result of its own. */
export function perform(base: Base, method: string, data: unknown): unknown {
  const known = METHODS[method];
  const fields = typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
  return known && Object.hasOwn(METHODS, method) ? known(base, fields) : { Метод: method, Принято: true };
}

function save(table: string): Method {
  return (base) => {
    const number = ++base.lastNumber;
    return { Ссылка: reference(table, number), Номер: `ЭМ-${String(number).padStart(6, '0')}` };
  };
}

function reference(table: string, number: number): string {
  return `e1cib/data/${table}?ref=${number.toString(16).padStart(32, '0')}`;
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
