// Checks the modules in BSL, and tests the check itself. The last line is "N passed, N failed".
import { checkModules, checkOurModules } from '../../scripts/bsl.mjs';

const COMPONENT = {
  methods: new Map([['Отправить', { least: 2, most: 5 }]]),
  properties: new Set(['Журнал']),
  extension: 'Client',
  constants: new Set(['SluiceСервер']),
};
const APPLICATION = {
  file: 'application',
  name: '',
  text: 'Перем SluiceКомпонента Экспорт;\nПроцедура Проверить() Экспорт\nКонецПроцедуры\n',
};

/** Statements, and the problem that the check reports; undefined: none. */
const CASES = [
  ['А = 1; Если А = 1 Тогда А = 2; ИначеЕсли А = 3 Тогда А = 4; Иначе А = 5; КонецЕсли;', undefined],
  ['Для Каждого Э Из Новый Массив Цикл Сообщить(Э); КонецЦикла;', undefined],
  ['Попытка Другой(1); Исключение КонецПопытки;', undefined],
  ['Если Истина Тогда Другой(1);', 'Если is not closed'],
  ['Пока Истина Цикл Другой(1); КонецЕсли;', 'КонецЕсли closes nothing'],
  ['Исключение Другой(1);', 'Исключение is outside of Попытка'],
  ['А = (1 + 2;', 'brackets do not balance'],
  ['А = 1 Если А = 1 Тогда Другой(1); КонецЕсли;', 'no ; before Если'],
  ['А = "а" "б";', 'nothing between "а" and "б"'],
  ['А = 1 Другой(1);', 'nothing between 1 and Другой'],
  ['А = 1', 'no ; at the end'],
  ['А = Б;', 'Б is assigned nowhere'],
  ['Возврат 1;', 'Возврат has a value in a function, and none in a procedure'],
  ['Другой();', 'Другой has 1 to 2 parameters, given are 0'],
  ['Другая(1);', 'the function Другая is not known'],
  ['А = Новый Массивчик;', 'the type Массивчик is not known'],
  ['А = Новый Массив; А.Добавитть(1);', 'the member Добавитть is not known'],
  ['Модуль.Нет();', 'Модуль exports no Нет'],
  ['Модуль.Другой(1);', 'Модуль exports no Другой'],
  ['А = Новый("AddIn.Sluice.SluiceClient");', '1C knows the component by AddIn.Sluice.Client'],
  ['А = Новый ОписаниеОповещения("Нет", ЭтотОбъект);', '"Нет" is no exported procedure'],
  ['А = Новый ОписаниеОповещения("Метод", ЭтотОбъект, 1, "Другой", ЭтотОбъект);', '"Другой" is no exported procedure'],
  ['ПодключитьОбработчикОжидания("Проверить", 1);', undefined],
  ['ПодключитьОбработчикОжидания("Нет", 1);', 'the application module has no exported procedure "Нет"'],
  ['SluiceКомпонента.НачатьВызовОтправить(1, "/a", "b");', undefined],
  ['SluiceКомпонента.НачатьВызовОтправить(1, "/a");', 'НачатьВызовОтправить has 3 to 6 parameters, given are 2'],
  ['SluiceКомпонента.НачатьВызовПослать(1);', 'the component has no method Послать'],
  ['SluiceКомпонента.НачатьПолучениеЖурнала(1);', 'the component has no property Журнала'],
  ['SluiceКомпонента.Отправить("/a", "b");', 'on clients the component is called by Начать… only'],
  ['А = Константы.SluiceСерверр.Получить();', 'the guide has no constant SluiceСерверр'],
  ['#Область А\nДругой(1);', 'a #Область is not closed'],
  ['А = 1; }', 'nothing in BSL begins with'],
];

let failed = 0;

const problems = checkOurModules();
if (problems.length > 0) fail('the modules in addin/1c', problems.join('\n  '));

for (const [statement, expected] of CASES) {
  const text = `Процедура Метод(П) Экспорт\n${statement}\nКонецПроцедуры\nПроцедура Другой(П, Р = 1)\nКонецПроцедуры\n`;
  const found = checkModules([{ file: 'module', name: 'Модуль', text }, APPLICATION], COMPONENT);
  if (expected ? !found.some((line) => line.includes(expected)) : found.length > 0)
    fail(statement, `found ${JSON.stringify(found)}, expected ${expected}`);
}

console.log(`${CASES.length + 1 - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function fail(what, why) {
  failed++;
  console.log(`FAILED ${what}\n  ${why}`);
}
