// Checks the modules in BSL without the platform: blocks and brackets, names and numbers of arguments, variables, handlers that are named
// in texts,
// and the members of the component. It is not a full parser of BSL: it supports the part of the language that the modules use.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ROOT } from '../../scripts/lib/run.mjs';
import * as platform from './bsl-platform.mjs';

const read = (path) => readFileSync(new URL(path, ROOT), 'utf8');

const OPENERS = { Если: 'КонецЕсли', Для: 'КонецЦикла', Пока: 'КонецЦикла', Попытка: 'КонецПопытки' };
const CLOSERS = Object.values(OPENERS);
const BRANCHES = { Тогда: 'Если', ИначеЕсли: 'Если', Иначе: 'Если', Цикл: 'Цикл', Исключение: 'Попытка' };
/** A statement may begin after these. */
const BEFORE_STATEMENT = [';', 'Тогда', 'Иначе', 'Цикл', 'Попытка', 'Исключение'];
const STATEMENTS = ['Если', 'Для', 'Пока', 'Попытка', 'Возврат', 'ВызватьИсключение', 'Продолжить', 'Прервать', ...CLOSERS];
const KEYWORDS = new Set([
  ...Object.keys(BRANCHES),
  ...STATEMENTS,
  ...['Каждого', 'Из', 'По', 'И', 'Или', 'Не', 'Новый', 'Знач', 'Экспорт', 'Истина', 'Ложь', 'Неопределено', 'ИначеЕсли'],
]);
const VALUES = ['Истина', 'Ложь', 'Неопределено'];

/**
 * Checks the modules against each other, against the table of members of the component and against the constants of the guide.
 *
 * @returns {string[]} problems, each with its module and line
 */
export function checkOurModules() {
  const names = {
    'SluiceServer.bsl': 'SluiceСервер',
    'SluiceServerCall.bsl': 'SluiceВызовСервера',
    'SluiceClient.bsl': 'SluiceКлиент',
  };
  names['SluiceClientOverridable.bsl'] = 'SluiceКлиентПереопределяемый';
  names['SluiceWebSocket.bsl'] = 'SluiceWebSocket';
  names['SluiceConversations.bsl'] = 'SluiceОбсуждения';
  names['ApplicationModule.bsl'] = '';
  const files = readdirSync(new URL('addin/1c/', ROOT));
  const modules = files.map((file) => ({ file, name: names[file], text: read(`addin/1c/${file}`) }));
  const server = modules.find(({ name }) => name === 'SluiceСервер');
  modules.push({ file: 'the HTTP service in SluiceServer.bsl', name: undefined, text: sampleOf(server.text) });
  return checkModules(modules, readComponent());
}

/** The HTTP service in a comment, with a body for the function that its reader writes. */
function sampleOf(text) {
  const lines = text.split('\n').map((line) => line.replace(/^\/\/ {3}/, ''));
  const sample = lines.slice(lines.findIndex((line) => line.startsWith('Функция ЗаказPOST')));
  const end = sample.indexOf('КонецФункции');
  return [...sample.slice(0, end + 1), 'Функция ВыполнитьДело(Запрос)', 'Возврат "";', 'КонецФункции'].join('\n');
}

/** Reads the members of the component with their parameters, and the name of its extension, from its sources. */
export function readComponent() {
  const members = read('addin/src/component/members.cpp');
  const methods = new Map();
  for (const [, name, most, rest] of members.matchAll(
    /\{u"\w+", u"([А-яё]+)", (\d), (?:true|false),([\s\S]*?)\},\n(?= {4}[/{]|\};)/g,
  ))
    methods.set(name, { most: Number(most), least: [...rest.matchAll(/required\(\)/g)].length });
  const properties = new Set([...members.matchAll(/\{u"\w+", u"([А-яё]+)",(?! \d)/g)].map(([, name]) => name));
  const [, extension] = /kObjectName\[\] = u"(\w+)"/.exec(read('addin/src/abi/shell.h'));
  const guide = existsSync(new URL('docs/guides/connect-1c.md', ROOT)) ? read('docs/guides/connect-1c.md') : '';
  const constants = new Set(
    [...guide.matchAll(/^ {3}\| `(Sluice[\wА-я]+)` \| (?:String|Number|Boolean) /gm)].map(([, name]) => name),
  );
  return { methods, properties, extension, constants };
}

/**
 * @param {readonly { file: string, name?: string, text: string }[]} modules `name`: name of the common module, empty for the application
 * module
 * @returns {string[]}
 */
export function checkModules(modules, component) {
  const problems = [];
  const parsed = modules.map((module) => parse(module, problems));
  const application = modules
    .filter(({ name }) => name === '')
    .map(({ text }) => text)
    .join('\n');
  const shared = {
    component,
    modules: new Map(parsed.filter(({ name }) => name).map((module) => [module.name, module])),
    // comments of the application module contain part of its code
    variables: new Set([...application.matchAll(/Перем ([\wА-яё]+) Экспорт;/g)].map(([, name]) => name)),
    idleHandlers: new Set([...application.matchAll(/Процедура ([\wА-яё]+)\(\) Экспорт/g)].map(([, name]) => name)),
    keys: new Set(parsed.flatMap(({ tokens }) => structureKeys(tokens))),
  };
  for (const module of parsed) for (const method of module.methods.values()) checkMethod(module, method, shared, problems);
  return problems;
}

function tokenize({ file, text }, problems) {
  const pattern =
    /(?<skip>[\s\uFEFF]+|\/\/[^\n]*)|(?<directive>#[^\n]*)|(?<string>"(?:[^"\n]|""|\n\s*\|)*")|(?<number>\d+(?:\.\d+)?)|(?<word>[\p{L}_][\p{L}\d_]*)|(?<sign><>|<=|>=|[-+*/%=<>()[\].,;?])/uy;
  const tokens = [];
  let line = 1;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) {
      problems.push(`${file}:${line}: nothing in BSL begins with ${JSON.stringify(text.slice(at, at + 20))}`);
      return tokens;
    }
    const [kind] = Object.entries(match.groups).find(([, value]) => value !== undefined);
    if (kind !== 'skip') tokens.push({ kind, text: match[0], line });
    line += match[0].split('\n').length - 1;
  }
  return tokens;
}

function parse(module, problems) {
  const all = tokenize(module, problems);
  const at = (token) => `${module.file}:${token?.line ?? 'end'}`;
  let depth = 0;
  for (const { text, kind, line } of all.filter(({ kind }) => kind === 'directive')) {
    depth += text.startsWith('#Область') ? 1 : text.startsWith('#КонецОбласти') ? -1 : 0;
    if (depth < 0) problems.push(`${module.file}:${line}: ${kind} ${text} closes nothing`);
  }
  if (depth > 0) problems.push(`${module.file}:end: a #Область is not closed`);
  const tokens = all.filter(({ kind }) => kind !== 'directive');
  const methods = new Map();
  for (let i = 0; i < tokens.length;) {
    const { text } = tokens[i];
    if (text === 'Перем') {
      while (tokens[i] && tokens[i].text !== ';') i++;
      i++;
      continue;
    }
    if (text !== 'Процедура' && text !== 'Функция') {
      problems.push(`${at(tokens[i])}: ${text} stands outside of a procedure`);
      break;
    }
    const close = text === 'Функция' ? 'КонецФункции' : 'КонецПроцедуры';
    const end = tokens.findIndex((token, n) => n > i && /^(Конец)?(Процедуры?|Функци[яи])$/.test(token.text));
    if (tokens[end]?.text !== close) problems.push(`${at(tokens[i])}: ${tokens[i + 1]?.text} has no ${close}`);
    if (tokens[end]?.text !== close) break;
    const bracket = tokens.findIndex((token, n) => n > i && token.text === ')');
    const parameters = split(tokens.slice(i + 3, bracket)).map((words) => {
      const [name, equals] = words.filter((word) => word.text !== 'Знач');
      return { name: name.text, required: equals === undefined };
    });
    const exported = tokens[bracket + 1].text === 'Экспорт';
    const body = tokens.slice(bracket + (exported ? 2 : 1), end);
    methods.set(tokens[i + 1].text, { name: tokens[i + 1].text, isFunction: text === 'Функция', parameters, exported, body });
    i = end + 1;
  }
  return { ...module, tokens, methods };
}

/** Returns the parts between the commas of the outermost level. */
function split(tokens) {
  const parts = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.text === '(' || token.text === '[') depth++;
    if (token.text === ')' || token.text === ']') depth--;
    if (token.text === ',' && depth === 0) parts.push([]);
    else parts.at(-1).push(token);
  }
  return tokens.length === 0 ? [] : parts;
}

/** Returns the arguments of the call whose bracket is at `open`. */
function argumentsAt(tokens, open) {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    if (tokens[i].text === '(') depth++;
    if (tokens[i].text === ')' && --depth === 0) return split(tokens.slice(open + 1, i));
  }
  return [];
}

function structureKeys(tokens) {
  return tokens.flatMap(({ text }, i) => {
    const isInsert = text === 'Вставить' && tokens[i - 1]?.text === '.';
    const isStructure = text === 'Структура' && tokens[i - 1]?.text === 'Новый';
    const [keys] = isInsert || isStructure ? argumentsAt(tokens, i + 1) : [];
    return keys?.length === 1 && keys[0].kind === 'string' ? unquote(keys[0]).split(/,\s*/) : [];
  });
}

const unquote = ({ text }) => text.slice(1, -1);

function checkMethod(module, method, shared, problems) {
  const { body } = method;
  const problem = (token, text) => problems.push(`${module.file}:${token?.line ?? 'end'}: ${method.name}: ${text}`);
  checkBlocks(body, problem);
  const known = new Set([...method.parameters.map(({ name }) => name), ...shared.variables, ...assigned(body)]);
  body.forEach((token, i) => {
    if (token.kind !== 'word' || KEYWORDS.has(token.text)) {
      if (token.text === 'Возврат' && method.isFunction === (body[i + 1]?.text === ';'))
        problem(token, 'Возврат has a value in a function, and none in a procedure');
      return;
    }
    const isCall = body[i + 1]?.text === '(';
    const given = isCall ? argumentsAt(body, i + 1) : [];
    if (body[i - 1]?.text === '.') return checkMember(body, i, given, isCall);
    if (body[i - 1]?.text === 'Новый') return checkType(token, given);
    if (isCall) return checkCall(token, given);
    if (!known.has(token.text) && !shared.modules.has(token.text) && !platform.PROPERTIES.has(token.text))
      problem(token, `${token.text} is assigned nowhere`);
  });
  body.forEach((token, i) => {
    if (token.text === 'Новый' && body[i + 1]?.text === '(') checkCreated(argumentsAt(body, i + 1)[0]?.[0]);
    if (body[i - 1]?.text === '.' && /^Обработчик[А-я]+$/.test(token.text) && body[i + 1]?.text === '=') needHandler(body[i + 2]);
  });

  function checkCreated(name) {
    if (!name || unquote(name) !== `AddIn.Sluice.${shared.component.extension}`)
      problem(name, `1C knows the component by AddIn.Sluice.${shared.component.extension}`);
  }

  function needHandler(token) {
    if (token?.kind !== 'string' || !module.methods.get(unquote(token))?.exported)
      problem(token, `${token?.text} is no exported procedure`);
  }

  function checkType(token, given) {
    if (!platform.TYPES.has(token.text)) problem(token, `the type ${token.text} is not known`);
    if (token.text !== 'ОписаниеОповещения') return;
    for (const at of [0, 3]) if (given[at]?.length) needHandler(given[at][0]);
  }

  function checkCall(token, given) {
    const local = module.methods.get(token.text);
    if (local)
      return checkCount(token, given, local.parameters.length, local.parameters.filter(({ required }) => required).length);
    if (!platform.FUNCTIONS.has(token.text)) problem(token, `the function ${token.text} is not known`);
    if (/^(Подключить|Отключить)ОбработчикОжидания$/.test(token.text) && !shared.idleHandlers.has(unquote(given[0][0])))
      problem(token, `the application module has no exported procedure ${given[0][0].text}`);
  }

  function checkMember(tokens, i, given, isCall) {
    const [owner, token] = [tokens[i - 2], tokens[i]];
    const other = tokens[i - 3]?.text === '.' ? undefined : shared.modules.get(owner.text);
    if (other) {
      const called = other.methods.get(token.text);
      if (!isCall || !called?.exported) return problem(token, `${owner.text} exports no ${token.text}`);
      return checkCount(token, given, called.parameters.length, called.parameters.filter(({ required }) => required).length);
    }
    if (owner.text === 'SluiceКомпонента') return checkComponent(token, given);
    if (owner.text === 'Константы') {
      if (!shared.component.constants.has(token.text)) problem(token, `the guide has no constant ${token.text}`);
      return;
    }
    if (!platform.MEMBERS.has(token.text) && !shared.keys.has(token.text))
      problem(token, `the member ${token.text} is not known`);
  }

  function checkComponent(token, given) {
    const [, kind, name] = /^Начать(Вызов|Получение|Установку)(.+)$/.exec(token.text) ?? [];
    if (!kind) return problem(token, 'on clients the component is called by Начать… only');
    const called = shared.component.methods.get(name);
    if (kind === 'Вызов' && !called) return problem(token, `the component has no method ${name}`);
    if (kind === 'Вызов') return checkCount(token, given, called.most + 1, called.least + 1);
    if (!shared.component.properties.has(name)) problem(token, `the component has no property ${name}`);
    checkCount(token, given, kind === 'Получение' ? 1 : 2);
  }

  function checkCount(token, given, most, least = most) {
    if (given.length > most || given.length < least)
      problem(token, `${token.text} has ${least} to ${most} parameters, given are ${given.length}`);
  }
}

function assigned(body) {
  return body.flatMap((token, i) => {
    const before = body[i - 1]?.text;
    const begins = i === 0 || BEFORE_STATEMENT.includes(before) || before === 'Для' || before === 'Каждого';
    return begins && token.kind === 'word' && ['=', 'Из'].includes(body[i + 1]?.text) ? [token.text] : [];
  });
}

/** Checks blocks, brackets, semicolons, and operands without an operator between them. */
function checkBlocks(body, problem) {
  const open = [];
  let depth = 0;
  body.forEach((token, i) => {
    const before = body[i - 1];
    const word = token.kind === 'word' ? token.text : '';
    if ('(['.includes(token.text)) depth++;
    if (')]'.includes(token.text)) depth--;
    const ends = token.text === ';' || STATEMENTS.includes(word);
    if (depth < 0 || (ends && depth !== 0)) {
      problem(token, 'brackets do not balance');
      depth = 0;
    }
    if (STATEMENTS.includes(word) && before && !BEFORE_STATEMENT.includes(before.text)) problem(token, `no ; before ${word}`);
    if (isOperandEnd(before) && isOperandStart(token)) problem(token, `nothing between ${before.text} and ${token.text}`);
    if (OPENERS[word]) open.push(word);
    if (CLOSERS.includes(word) && OPENERS[open.pop()] !== word) problem(token, `${word} closes nothing`);
    const needed = BRANCHES[word];
    if (needed && !(open.at(-1) === needed || (needed === 'Цикл' && ['Для', 'Пока'].includes(open.at(-1)))))
      problem(token, `${word} is outside of ${needed}`);
  });
  if (open.length > 0) problem(undefined, `${open.at(-1)} is not closed`);
  if (body.length > 0 && body.at(-1).text !== ';') problem(body.at(-1), 'no ; at the end');
}

function isOperandEnd(token) {
  if (!token) return false;
  if (token.kind === 'string' || token.kind === 'number' || token.text === ')' || token.text === ']') return true;
  return token.kind === 'word' && (!KEYWORDS.has(token.text) || VALUES.includes(token.text));
}

function isOperandStart(token) {
  if (token.kind === 'string' || token.kind === 'number') return true;
  return token.kind === 'word' && (!KEYWORDS.has(token.text) || [...VALUES, 'Новый'].includes(token.text));
}
