// Texts as people of an office write them, so that the search of messages has real work.
const WORDS =
  `заказ счёт оплата договор поставка склад отгрузка клиент товар накладная возврат скидка цена остаток доставка водитель машина адрес звонок
  встреча отчёт бухгалтерия касса аванс акт сверка подпись печать письмо срок сегодня завтра вчера утром вечером нужно можно готово отправили
  получили проверьте позвоните согласовано ошибка исправил добавил удалил перенесли ждём уточнить количество коробка партия сертификат склада
  заказа клиента оплату договору поставки товары счета`.split(/\s+/);

const MIN_WORDS = 3;
const MAX_WORDS = 18;
/** Every fifth text contains the number of a document. */
const NUMBER_SHARE = 0.2;

export const pick = (list) => list[Math.floor(Math.random() * list.length)];

export function words() {
  const count = MIN_WORDS + Math.floor(Math.random() * (MAX_WORDS - MIN_WORDS + 1));
  const text = Array.from({ length: count }, () => pick(WORDS)).join(' ');
  return Math.random() < NUMBER_SHARE ? `${text} № ${Math.floor(Math.random() * 1_000_000)}` : text;
}
