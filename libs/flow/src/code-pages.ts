import type { FindingCode } from './codes.js';

/** What `sluice explain` shows of a code beside its row in the table of codes. */
export interface CodePage {
  /** The cause and the cure in Russian. */
  readonly ru: { readonly cause: string; readonly cure: string };
  readonly example: CodeExample;
}

/** A part of a file with the mistake, and the same part without it. A test completes both with the other keys of the file and checks them. */
export interface CodeExample {
  /** The file that contains the part; a flow when absent. */
  readonly file?: 'sluice.yaml';
  readonly wrong: string;
  readonly right: string;
  /** The last line of `wrong` stands for this many lines like it; `1` in it is their number. */
  readonly times?: number;
  /** What has to be known besides, such as the value of a variable. */
  readonly note?: { readonly en: string; readonly ru: string };
}

/** The pages of all findings. Not part of the main entry point, because only programs that explain codes need the texts. */
export const FINDING_PAGES: Readonly<Record<FindingCode, CodePage>> = {
  FILE_NOT_UTF8: {
    ru: {
      cause: 'файл сохранён в другой кодировке, чаще всего в Windows-1251 или UTF-16',
      cure: 'пересохраните файл в UTF-8: в редакторе «Сохранить с кодировкой», в консоли iconv -f CP1251 -t UTF-8',
    },
    example: {
      wrong: 'description: Заказ  # в кодировке Windows-1251',
      right: 'description: Заказ  # в кодировке UTF-8',
    },
  },
  FILE_SIZE: {
    ru: {
      cause: 'файл так велик, что его проверка заняла бы всю память хоста',
      cure: 'разделите его на несколько файлов или вынесите из него большие данные',
    },
    example: {
      wrong: 'vars:\n  prices:\n    - { sku: a1, price: 100, name: the first of very many rows of a list of prices of a shop }',
      times: 60_000,
      right: "steps:\n  - { id: prices, use: http.request, connection: site, with: { method: GET, path: '/prices?limit=100' } }",
    },
  },
  FLOW_EMPTY: {
    ru: { cause: 'файл пуст или содержит только комментарии', cure: 'опишите в нём поток или удалите файл' },
    example: {
      wrong: '# the flow comes later',
      right:
        'sluice: 1\nflow: save-order\ntrigger: { use: event, with: { types: [order.created] } }\nsteps:\n  - { id: end, stop: {} }',
    },
  },
  FLOW_ERRORS: {
    ru: {
      cause: 'в файле больше ошибок, чем показывает проверка; остальные не показаны',
      cure: 'исправьте первые: часто остальные — их следствие',
    },
    example: {
      wrong: 'steps:\n  - { id: a1, use: 1 }',
      times: 510,
      right: 'steps:\n  - { id: a, use: onec-http.call, connection: erp, with: { method: Save } }',
    },
  },
  FLOW_WARNINGS: {
    ru: {
      cause: 'в файле больше предупреждений, чем показывает проверка; остальные не показаны',
      cure: 'исправьте первые или разделите файл на несколько',
    },
    example: { wrong: 'steps:\n  - { id: a1, set: 1 }', times: 510, right: 'steps:\n  - { id: end, stop: {} }' },
  },
  YAML_SYNTAX: {
    ru: {
      cause:
        'YAML не читается или содержит недопустимое: табуляцию в отступе, тег, директиву, ключ, который не текст, ключ дважды',
      cure: 'проверьте отступы, двоеточия и кавычки в этой строке и в строке над ней',
    },
    example: {
      wrong: 'description: orders\ndescription: of the shop',
      right: 'description: orders of the shop',
    },
  },
  YAML_QUOTE: {
    ru: {
      cause: 'значение содержит ": ", " #", скобку или кавычку, которую YAML понимает по-своему',
      cure: 'заключите всё значение в кавычки, как показывает сообщение',
    },
    example: {
      wrong: 'steps:\n  - { id: end, if: ${{ trigger.data.vip }}, stop: {} }',
      right: "steps:\n  - { id: end, if: '${{ trigger.data.vip }}', stop: {} }",
    },
  },
  YAML_ALIAS: {
    ru: {
      cause: 'якоря, ссылки и слияние ключей YAML запрещены: ссылка — чаще всего забытые кавычки',
      cure: "заключите значение в кавычки: '*.created'",
    },
    example: {
      wrong: 'trigger:\n  use: event\n  with:\n    types:\n      - *.created',
      right: "trigger:\n  use: event\n  with:\n    types:\n      - '*.created'",
    },
  },
  YAML_EMPTY: {
    ru: {
      cause: 'у ключа или у элемента списка нет значения, часто потому, что дальше только комментарий',
      cure: 'напишите значение, null, если ничего не имеется в виду, или удалите строку',
    },
    example: { wrong: 'description: # 1', right: "description: '# 1'" },
  },
  YAML_SPELLING: {
    ru: {
      cause: 'другое написание null, true или false, либо число, которое нельзя передать, например .inf',
      cure: 'напишите null, true или false либо заключите текст в кавычки',
    },
    example: { wrong: 'vars: { urgent: True }', right: 'vars: { urgent: true }' },
  },
  YAML_NUMBER: {
    ru: {
      cause: 'число изменилось бы: начинается с 0 или +, кончается на 0 после точки или слишком длинное',
      cure: "если это текст (телефон, счёт, артикул), заключите его в кавычки: '0101'",
    },
    example: { wrong: 'vars: { account: 0101 }', right: "vars: { account: '0101' }" },
  },
  YAML_CHARACTER: {
    ru: {
      cause: 'в файле есть символ, похожий на другой, или невидимый символ',
      cure: 'напишите обычный символ или заключите текст в кавычки',
    },
    example: { wrong: 'description: “Orders”', right: "description: 'Orders'" },
  },
  YAML_DEPTH: {
    ru: {
      cause: 'отображения и списки вложены слишком глубоко',
      cure: 'вынесите большие данные из файла или разделите поток на шаги и потоки',
    },
    example: {
      wrong: `vars:\n  tree: ${'['.repeat(201)}${']'.repeat(201)}`,
      right: 'vars:\n  tree: [[1]]',
    },
  },
  FLOW_UNKNOWN_KEY: {
    ru: {
      cause: 'ключ написан с ошибкой, стоит не на своём месте или относится к другому глаголу',
      cure: 'напишите ближайший ключ, который называет сообщение, или перенесите ключ',
    },
    example: {
      wrong: 'steps:\n  - { id: save, use: onec-http.call, conection: erp, with: { method: Save } }',
      right: 'steps:\n  - { id: save, use: onec-http.call, connection: erp, with: { method: Save } }',
    },
  },
  FLOW_VALUE: {
    ru: {
      cause: 'значение не того типа или за границами, либо нет обязательного ключа',
      cure: 'напишите значение, которое описывает сообщение',
    },
    example: { wrong: "deliver: { concurrency: '5' }", right: 'deliver: { concurrency: 5 }' },
  },
  FLOW_DURATION: {
    ru: {
      cause: 'длительность — целое число с одной из единиц ms, s, m, h и d',
      cure: 'добавьте единицу: 30s',
    },
    example: { wrong: 'deliver: { expires: 30 }', right: 'deliver: { expires: 30s }' },
  },
  FLOW_NAME: {
    ru: {
      cause: 'в имени символ, которого не может быть в именах, очередях или выражениях, либо имя — слово языка',
      cure: 'потоки и подключения: incoming-call; шаги и константы: saveOrder',
    },
    example: { wrong: 'flow: Save Order', right: 'flow: save-order' },
  },
  FLOW_DUPLICATE: {
    ru: {
      cause: 'у двух потоков, двух шагов или двух констант одно имя',
      cure: 'переименуйте одно из них',
    },
    example: {
      wrong: 'steps:\n  - { id: save, emit: { type: order.saved } }\n  - { id: save, stop: {} }',
      right: 'steps:\n  - { id: save, emit: { type: order.saved } }\n  - { id: end, stop: {} }',
    },
  },
  FLOW_ROUTE: {
    ru: {
      cause: 'у двух потоков один метод и один путь (все `{name}` равны), и запросы получал бы только один',
      cure: 'напишите другой путь или метод либо объедините потоки',
    },
    example: {
      wrong:
        'flow: one\ntrigger: { use: http.endpoint, with: { path: /in/order } }\n---\nflow: other\ntrigger: { use: http.endpoint, with: { path: /in/order } }',
      right:
        'flow: one\ntrigger: { use: http.endpoint, with: { path: /in/order } }\n---\nflow: other\ntrigger: { use: http.endpoint, with: { path: /in/return } }',
    },
  },
  FLOW_VERB: {
    ru: { cause: 'у шага нет глагола или их больше одного', cure: 'добавьте глагол или сделайте два шага' },
    example: {
      wrong: 'steps:\n  - { id: save, emit: { type: order.saved }, stop: {} }',
      right: 'steps:\n  - { id: save, emit: { type: order.saved } }\n  - { id: end, stop: {} }',
    },
  },
  FLOW_NOT_YET: {
    ru: {
      cause: 'ключ есть в языке, но этот выпуск его ещё не выполняет',
      cure: 'сообщение называет замену, если она есть; иначе не пишите ключ',
    },
    example: {
      wrong: "deliver: { coalesce: { key: '${{ trigger.subject }}', wait: 5s } }",
      right: "deliver: { dedupe: { key: '${{ trigger.subject }}', within: 5s } }",
    },
  },
  REF_PLUGIN: {
    ru: {
      cause: 'в sluice.yaml нет плагина с таким именем, либо плагин не загружается',
      cure: 'исправьте имя или добавьте плагин в `plugins` в sluice.yaml и установите его',
    },
    example: {
      wrong: 'steps:\n  - { id: save, use: onec-htp.call, connection: erp, with: { method: Save } }',
      right: 'steps:\n  - { id: save, use: onec-http.call, connection: erp, with: { method: Save } }',
    },
  },
  REF_ACTION: {
    ru: {
      cause: 'у плагина нет такого действия или триггера',
      cure: 'напишите одно из тех, которые перечисляет сообщение',
    },
    example: {
      wrong: 'steps:\n  - { id: save, use: onec-http.cal, connection: erp, with: { method: Save } }',
      right: 'steps:\n  - { id: save, use: onec-http.call, connection: erp, with: { method: Save } }',
    },
  },
  REF_CONNECTION: {
    ru: {
      cause: 'подключения нет в sluice.yaml, оно от другого плагина, не указано или не нужно',
      cure: 'укажите подключение этого плагина, добавьте его в sluice.yaml или удалите строку',
    },
    example: {
      wrong: 'steps:\n  - { id: save, use: onec-http.call, connection: epr, with: { method: Save } }',
      right: 'steps:\n  - { id: save, use: onec-http.call, connection: erp, with: { method: Save } }',
    },
  },
  REF_FLOW: {
    ru: {
      cause:
        '`call` называет поток, которого нет, у которого триггер не `flow` или который снова вызывает вызвавшего и имеет `deliver.key` или `deliver.concurrency`',
      cure: 'назовите поток с trigger: { use: flow }; в круге вызовов удалите `key` и `concurrency` или один из вызовов',
    },
    example: {
      wrong: 'steps:\n  - { id: reserve, call: { flow: reserve-lines } }\n---\nflow: reserve-line\ntrigger: { use: flow }',
      right: 'steps:\n  - { id: reserve, call: { flow: reserve-line } }\n---\nflow: reserve-line\ntrigger: { use: flow }',
    },
  },
  REF_STEP: {
    ru: {
      cause: 'выражение или тест называет шаг, которого нет или у которого нет результата',
      cure: 'напишите id шага, который выполняется раньше',
    },
    example: {
      wrong:
        "steps:\n  - { id: load, use: onec-http.call, connection: erp, with: { method: Load } }\n  - { id: tell, emit: { type: order.loaded, data: '${{ steps.loda }}' } }",
      right:
        "steps:\n  - { id: load, use: onec-http.call, connection: erp, with: { method: Load } }\n  - { id: tell, emit: { type: order.loaded, data: '${{ steps.load }}' } }",
    },
  },
  REF_STEP_LATER: {
    ru: {
      cause: 'выражение читает шаг, который стоит дальше или в другой ветви',
      cure: 'переставьте шаг после того, который он читает',
    },
    example: {
      wrong:
        "steps:\n  - { id: tell, emit: { type: order.loaded, data: '${{ steps.load }}' } }\n  - { id: load, use: onec-http.call, connection: erp, with: { method: Load } }",
      right:
        "steps:\n  - { id: load, use: onec-http.call, connection: erp, with: { method: Load } }\n  - { id: tell, emit: { type: order.loaded, data: '${{ steps.load }}' } }",
    },
  },
  REF_STEP_MAYBE: {
    ru: {
      cause: 'у шага, который читает выражение, есть `if`, или он стоит в ветви: результата может не быть',
      cure: 'напишите значение по умолчанию: steps.x.y ?? null',
    },
    example: {
      wrong:
        "steps:\n  - { id: load, if: '${{ trigger.data.vip }}', use: onec-http.call, connection: erp, with: { method: Load } }\n  - { id: tell, emit: { type: order.loaded, data: '${{ steps.load }}' } }",
      right:
        "steps:\n  - { id: load, if: '${{ trigger.data.vip }}', use: onec-http.call, connection: erp, with: { method: Load } }\n  - { id: tell, emit: { type: order.loaded, data: '${{ steps.load ?? null }}' } }",
    },
  },
  REF_VAR: {
    ru: {
      cause: 'такой константы нет ни в потоке, ни в sluice.yaml',
      cure: 'исправьте имя или добавьте константу в `vars`',
    },
    example: {
      wrong: "vars: { topic: order }\nsteps:\n  - { id: tell, emit: { type: '${{ vars.topik }}.saved' } }",
      right: "vars: { topic: order }\nsteps:\n  - { id: tell, emit: { type: '${{ vars.topic }}.saved' } }",
    },
  },
  REF_REMOTE: {
    ru: {
      cause: 'в удалённой системе, которую спросила проверка, нет того, что называет шаг, например операции веб-сервиса',
      cure: 'исправьте имя или опубликуйте операцию в удалённой системе',
    },
    example: {
      wrong:
        'steps:\n  - { id: save, use: onec-soap.call, connection: soap, with: { service: Orders, operation: Svae, arguments: {} } }',
      right:
        'steps:\n  - { id: save, use: onec-soap.call, connection: soap, with: { service: Orders, operation: Save, arguments: {} } }',
      note: {
        en: 'The WSDL of the service Orders has one operation, Save.',
        ru: 'В WSDL сервиса Orders одна операция: Save.',
      },
    },
  },
  EXPR_UNCLOSED: {
    ru: { cause: 'текст открывает выражение и не закрывает его', cure: 'добавьте "}}"' },
    example: {
      wrong: "steps:\n  - { id: end, stop: { reason: 'order ${{ trigger.subject }' } }",
      right: "steps:\n  - { id: end, stop: { reason: 'order ${{ trigger.subject }}' } }",
    },
  },
  EXPR_SIZE: {
    ru: {
      cause: 'выражение слишком длинное или вложено слишком глубоко',
      cure: 'вычислите часть его отдельным шагом set',
    },
    example: {
      wrong: `steps:\n  - { id: end, stop: { reason: '\${{ ${'('.repeat(101)}1${')'.repeat(101)} }}' } }`,
      right: "steps:\n  - { id: end, stop: { reason: '${{ (1) }}' } }",
    },
  },
  EXPR_SYNTAX: {
    ru: {
      cause: 'JSONata не может прочитать выражение, часто потому, что оно написано как на другом языке',
      cure: 'напишите его так, как показывает сообщение, или проверьте скобки, кавычки и операторы',
    },
    example: {
      wrong: "steps:\n  - { id: end, if: '${{ trigger.data.vip == true }}', stop: {} }",
      right: "steps:\n  - { id: end, if: '${{ trigger.data.vip = true }}', stop: {} }",
    },
  },
  EXPR_IN_KEY: {
    ru: {
      cause: 'выражение стоит слева от двоеточия',
      cure: "напишите весь объект выражением: '${{ {name: value} }}'",
    },
    example: {
      wrong: "steps:\n  - id: tell\n    emit:\n      type: order.saved\n      data:\n        '${{ trigger.subject }}': saved",
      right: 'steps:\n  - id: tell\n    emit:\n      type: order.saved\n      data: \'${{ { trigger.subject & "": "saved" } }}\'',
    },
  },
  EXPR_ROOT: {
    ru: {
      cause: 'первое имя — не корень языка, или этот корень здесь не виден',
      cure: 'начните с корня: trigger.data.number',
    },
    example: {
      wrong: "steps:\n  - { id: end, if: '${{ payload.vip }}', stop: {} }",
      right: "steps:\n  - { id: end, if: '${{ trigger.data.vip }}', stop: {} }",
    },
  },
  EXPR_INNER_ROOT: {
    ru: {
      cause: 'внутри фильтра, отображения или преобразования имя относится к элементу, а не к корням',
      cure: 'начните с $$: $$.trigger.data.number',
    },
    example: {
      wrong: "steps:\n  - { id: end, if: '${{ $exists(trigger.data.lines[sku = trigger.data.sku]) }}', stop: {} }",
      right: "steps:\n  - { id: end, if: '${{ $exists(trigger.data.lines[sku = $$.trigger.data.sku]) }}', stop: {} }",
    },
  },
  EXPR_BRACKET_KEY: {
    ru: {
      cause: 'a["key"] в JSONata — не обращение к полю: текст в скобках — истинное условие, которое выбирает всё',
      cure: 'напишите a.`key`',
    },
    example: {
      wrong: 'steps:\n  - { id: end, if: \'${{ trigger.data["vip"] = true }}\', stop: {} }',
      right: "steps:\n  - { id: end, if: '${{ trigger.data.vip = true }}', stop: {} }",
    },
  },
  EXPR_KEY_QUOTES: {
    ru: {
      cause: 'ключ объекта в выражении написан без кавычек: это путь, и ключом стало бы его значение',
      cure: 'заключите ключ в двойные кавычки',
    },
    example: {
      wrong: "steps:\n  - { id: tell, emit: { type: order.saved, data: '${{ { number: trigger.subject } }}' } }",
      right: 'steps:\n  - { id: tell, emit: { type: order.saved, data: \'${{ { "number": trigger.subject } }}\' } }',
    },
  },
  EXPR_FUNCTION: {
    ru: {
      cause: 'такой функции нет, она написана без "$" или недоступна, как $eval',
      cure: 'напишите ближайшую функцию или другую из справочника выражений',
    },
    example: {
      wrong: 'steps:\n  - { id: end, if: \'${{ $toUpper(trigger.data.kind) = "A" }}\', stop: {} }',
      right: 'steps:\n  - { id: end, if: \'${{ $uppercase(trigger.data.kind) = "A" }}\', stop: {} }',
    },
  },
  EXPR_REGEX: {
    ru: {
      cause: 'RE2, время которого пропорционально длине текста, не принимает это регулярное выражение',
      cure: 'напишите его без просмотра вперёд и назад и без обратных ссылок',
    },
    example: {
      wrong: "steps:\n  - { id: end, if: '${{ $contains(trigger.data.code, /A(?=1)/) }}', stop: {} }",
      right: "steps:\n  - { id: end, if: '${{ $contains(trigger.data.code, /A1/) }}', stop: {} }",
    },
  },
  EXPR_SECRET: {
    ru: {
      cause: 'выражение читает переменную с секретом или настройку хоста',
      cure: 'возьмите другую переменную или держите секрет в подключении',
    },
    example: {
      wrong: "steps:\n  - { id: end, stop: { reason: '${{ env.ERP_PASSWORD }}' } }",
      right: "steps:\n  - { id: end, stop: { reason: '${{ env.ERP_USER }}' } }",
      note: {
        en: 'The connection erp has password: ${{ env.ERP_PASSWORD }}.',
        ru: 'У подключения erp password: ${{ env.ERP_PASSWORD }}.',
      },
    },
  },
  EXPR_CHARACTER: {
    ru: {
      cause: 'в выражении кавычка, тире или пробел, которые только похожи на обычные',
      cure: 'напишите обычный символ',
    },
    example: {
      wrong: "steps:\n  - { id: end, if: '${{ trigger.data.kind = “A” }}', stop: {} }",
      right: 'steps:\n  - { id: end, if: \'${{ trigger.data.kind = "A" }}\', stop: {} }',
    },
  },
  EXPR_NUMBER: {
    ru: {
      cause: 'в числе больше цифр, чем хранит число: оно было бы округлено',
      cure: 'если это текст, заключите его в кавычки',
    },
    example: {
      wrong: "steps:\n  - { id: end, if: '${{ trigger.data.account = 40702810900000012345 }}', stop: {} }",
      right: 'steps:\n  - { id: end, if: \'${{ trigger.data.account = "40702810900000012345" }}\', stop: {} }',
    },
  },
  EXPR_FIELD: {
    ru: {
      cause: 'в схеме триггера или действия нет такого поля; предупреждение — там, где возможны и другие поля',
      cure: 'напишите ближайшее поле, которое называет сообщение',
    },
    example: {
      wrong:
        "trigger: { use: http.endpoint, with: { path: /in/order } }\nsteps:\n  - { id: end, if: '${{ trigger.meta.query.vip = trigger.meta.methd }}', stop: {} }",
      right:
        "trigger: { use: http.endpoint, with: { path: /in/order } }\nsteps:\n  - { id: end, if: '${{ trigger.meta.query.vip = trigger.meta.method }}', stop: {} }",
    },
  },
  EXPR_MISSING: {
    ru: {
      cause: 'у выражения, которое вычисляется при запуске, нет значения; в прогоне — у выражения шага',
      cure: 'напишите значение по умолчанию через ?? или уберите ключ через ?? $omit',
    },
    example: {
      wrong: "vars:\n  list: [a]\n  first: '${{ [1, 2][5] }}'",
      right: "vars:\n  list: [a]\n  first: '${{ [1, 2][5] ?? 0 }}'",
    },
  },
  EXPR_TEXT: {
    ru: {
      cause: 'значение выражения — список, объект или null — не может стать частью текста',
      cure: 'в тексте могут стоять только тексты, числа и true/false: возьмите $string(…) или $join(…)',
    },
    example: {
      wrong: "vars:\n  list: 'items ${{ [1, 2] }}'",
      right: "vars:\n  list: 'items ${{ $string([1, 2]) }}'",
    },
  },
  EXPR_VALUE: {
    ru: {
      cause: 'выражение возвращает функцию или другое значение, которого нет в JSON',
      cure: 'верните данные: текст, число, true/false, null, список или объект',
    },
    example: { wrong: "vars:\n  total: '${{ $sum }}'", right: "vars:\n  total: '${{ $sum([1, 2]) }}'" },
  },
  EXPR_NOT_BOOLEAN: {
    ru: {
      cause: 'условие — не true и не false',
      cure: 'сравните его со значением; после поля, которого может не быть, напишите ?? false',
    },
    example: {
      wrong: "steps:\n  - { id: end, if: '${{ trigger.data.number }}', stop: {} }",
      right: "steps:\n  - { id: end, if: '${{ trigger.data.number > 0 }}', stop: {} }",
      note: { en: 'In the run trigger.data.number is 5.', ru: 'В прогоне trigger.data.number равно 5.' },
    },
  },
  EXPR_FAILED: {
    ru: {
      cause: 'выражение завершилось с ошибкой или, при запуске, читает значение, которое есть только в прогоне',
      cure: 'исправьте его или вычислите шагом set',
    },
    example: { wrong: "vars:\n  started: '${{ $now() }}'", right: "vars:\n  started: '2026-01-01T00:00:00Z'" },
  },
  EXPR_LIMIT: {
    ru: {
      cause: 'выражение вычисляется слишком долго или возвращает слишком много',
      cure: 'упростите его',
    },
    example: {
      wrong: "vars:\n  all: '${{ $join([1..9000000]) }}'",
      right: 'vars:\n  all: \'${{ $join(["1", "2"]) }}\'',
    },
  },
  EXPR_LIST: {
    ru: {
      cause: 'JSONata возвращает само значение вместо списка, если подошёл один элемент, и ничего, если не подошёл ни один',
      cure: 'заключите выражение в [ ], тогда это всегда список',
    },
    example: {
      wrong: "steps:\n  - { id: tell, emit: { type: order.saved, data: '${{ trigger.data.lines[count > 0] }}' } }",
      right: "steps:\n  - { id: tell, emit: { type: order.saved, data: '${{ [trigger.data.lines[count > 0]] }}' } }",
    },
  },
  EXPR_PRECEDENCE: {
    ru: {
      cause: '?? связывает слабее всех операторов: a ?? b & c значит a ?? (b & c)',
      cure: 'напишите скобки',
    },
    example: {
      wrong: "steps:\n  - { id: end, if: '${{ trigger.data.n ?? 0 > 5 }}', stop: {} }",
      right: "steps:\n  - { id: end, if: '${{ (trigger.data.n ?? 0) > 5 }}', stop: {} }",
    },
  },
  EXPR_NOT_EQUAL: {
    ru: {
      cause: 'сравнение с отсутствующим полем ложно при любом операторе, и при != тоже',
      cure: 'напишите $not(a = b)',
    },
    example: {
      wrong: 'steps:\n  - { id: end, if: \'${{ trigger.data.status != "new" }}\', stop: {} }',
      right: 'steps:\n  - { id: end, if: \'${{ $not(trigger.data.status = "new") }}\', stop: {} }',
    },
  },
  EXPR_MAYBE: {
    ru: {
      cause: 'поле по схеме необязательное, и без него прогон завершится ошибкой',
      cure: 'напишите значение по умолчанию через ?? или уберите ключ через ?? $omit',
    },
    example: {
      wrong:
        "trigger: { use: flow, with: { input: { type: object, properties: { note: { type: string } } } } }\nsteps:\n  - { id: tell, emit: { type: order.saved, data: '${{ trigger.data.note }}' } }",
      right:
        "trigger: { use: flow, with: { input: { type: object, properties: { note: { type: string } } } } }\nsteps:\n  - { id: tell, emit: { type: order.saved, data: '${{ trigger.data.note ?? $omit }}' } }",
    },
  },
  EXPR_MIXED_SCRIPT: {
    ru: {
      cause: 'в одном слове буквы и кириллицы, и латиницы, которые выглядят одинаково',
      cure: 'напишите слово одним алфавитом',
    },
    example: {
      wrong: "steps:\n  - { id: end, if: '${{ trigger.data.Cумма > 5 }}', stop: {} }",
      right: "steps:\n  - { id: end, if: '${{ trigger.data.Сумма > 5 }}', stop: {} }",
      note: {
        en: 'The first letter of the wrong name is the Latin C.',
        ru: 'Первая буква неверного имени — латинская C.',
      },
    },
  },
  EXPR_CONCAT: {
    ru: {
      cause: '& подставляет вместо отсутствующего поля пустой текст; шаблон завершился бы ошибкой',
      cure: 'если это и нужно, напишите (поле ?? "")',
    },
    example: {
      wrong: 'steps:\n  - { id: end, stop: { reason: \'${{ "order " & trigger.data.number }}\' } }',
      right: "steps:\n  - { id: end, stop: { reason: 'order ${{ trigger.data.number }}' } }",
    },
  },
  EXPR_MARK: {
    ru: {
      cause: 'в тексте знаки выражений другой системы: здесь это просто текст',
      cure: 'напишите ${{ … }}',
    },
    example: {
      wrong: "steps:\n  - { id: end, stop: { reason: 'order ${trigger.subject}' } }",
      right: "steps:\n  - { id: end, stop: { reason: 'order ${{ trigger.subject }}' } }",
    },
  },
  EXPR_UNMARKED: {
    ru: {
      cause: 'весь текст — выражение, записанное без знаков ${{ и }}, поэтому уходит сам текст, а не значение',
      cure: 'заключите его в ${{ … }}; если нужен именно этот текст: ${{ "trigger.data.total" }}',
    },
    example: {
      wrong: 'steps:\n  - { id: saved, emit: { type: order.saved, data: { total: trigger.data.total } } }',
      right: "steps:\n  - { id: saved, emit: { type: order.saved, data: { total: '${{ trigger.data.total }}' } } }",
    },
  },
  ENV_MISSING: {
    ru: {
      cause: 'выражение читает переменную окружения, которая не задана',
      cure: 'задайте её перед запуском или напишите env.NAME ?? "…"',
    },
    example: {
      wrong: "vars:\n  site: '${{ env.SHOP_URL }}'",
      right: 'vars:\n  site: \'${{ env.SHOP_URL ?? "http://shop" }}\'',
    },
  },
  SECRET_LITERAL: {
    ru: { cause: 'секрет написан прямо в файле', cure: 'напишите ${{ env.NAME }} и задайте переменную' },
    example: {
      file: 'sluice.yaml',
      wrong: 'connections:\n  erp:\n    use: onec-http\n    with: { baseUrl: http://erp/hs, user: sluice, password: hunter2 }',
      right:
        "connections:\n  erp:\n    use: onec-http\n    with: { baseUrl: http://erp/hs, user: sluice, password: '${{ env.ERP_PASSWORD }}' }",
    },
  },
  SETTING_TIMEZONE: {
    ru: {
      cause: 'функции даты, расписанию или календарю нужен часовой пояс, или такого пояса нет',
      cure: 'settings: { timezone: Europe/Moscow }',
    },
    example: {
      file: 'sluice.yaml',
      wrong: 'settings: { timezone: Moscow }',
      right: 'settings: { timezone: Europe/Moscow }',
    },
  },
  POLICY_RETRY: {
    ru: {
      cause: 'поток просит повторов, а действие не идемпотентно и после возможного выполнения не повторяется',
      cure: 'добавьте `idempotent` в `with`, если действие его знает, или регулярно просматривайте отложенные прогоны',
    },
    example: {
      wrong:
        'steps:\n  - { id: pay, use: http.request, connection: site, with: { method: POST, path: /pay }, retry: { attempts: 5 } }',
      right:
        'steps:\n  - { id: pay, use: http.request, connection: site, with: { method: POST, path: /pay, idempotent: by-key }, retry: { attempts: 5 } }',
    },
  },
  POLICY_FAILURES: {
    ru: {
      cause: 'у цикла `onFailure: continue`, и ни одно выражение не читает `failed`, `errors` или `succeeded` этого шага',
      cure: 'добавьте шаг из сообщения или удалите `onFailure`: тогда шаг завершится ошибкой после последнего элемента',
    },
    example: {
      wrong:
        'steps:\n  - id: lines\n    forEach:\n      in: ${{ trigger.data.lines }}\n      onFailure: continue\n      steps:\n        - { id: save, use: onec-http.call, connection: erp, with: { method: Save } }',
      right:
        'steps:\n  - id: lines\n    forEach:\n      in: ${{ trigger.data.lines }}\n      onFailure: continue\n      steps:\n        - { id: save, use: onec-http.call, connection: erp, with: { method: Save } }\n  - id: report\n    if: ${{ steps.lines.failed > 0 }}\n    raise: { code: LINES_FAILED, message: some lines failed }',
    },
  },
  POLICY_ORDER: {
    ru: {
      cause: 'поток передаёт номер или тему документа в подключение с темпом, а его прогоны могут обогнать друг друга',
      cure: 'напишите `deliver.key` или `deliver.concurrency`, если порядок не важен',
    },
    example: {
      wrong:
        "trigger: { use: event, with: { types: [order.changed] } }\nsteps:\n  - { id: save, use: onec-http.call, connection: erp, with: { method: Save, data: '${{ trigger.subject }}' } }",
      right:
        "trigger: { use: event, with: { types: [order.changed] } }\ndeliver: { key: '${{ trigger.subject ?? trigger.id }}' }\nsteps:\n  - { id: save, use: onec-http.call, connection: erp, with: { method: Save, data: '${{ trigger.subject }}' } }",
    },
  },
  POLICY_CIRCLE: {
    ru: {
      cause: 'потоки вызывают друг друга по кругу',
      cure: 'поставьте один из вызовов под условие, которое кончает круг; иначе его оборвёт `settings.limits.hops`',
    },
    example: {
      wrong:
        'flow: one\ntrigger: { use: flow }\nsteps:\n  - { id: next, call: { flow: two } }\n---\nflow: two\ntrigger: { use: flow }\nsteps:\n  - { id: back, call: { flow: one } }',
      right:
        'flow: one\ntrigger: { use: flow }\nsteps:\n  - { id: next, call: { flow: two } }\n---\nflow: two\ntrigger: { use: flow }\nsteps:\n  - { id: end, stop: {} }',
    },
  },
  POLICY_EXPIRES: {
    ru: {
      cause: 'у потока с ответом нет `deliver.expires`: ответ может прийти сколь угодно поздно',
      cure: 'deliver: { expires: 30s }',
    },
    example: {
      wrong:
        'trigger: { use: http.endpoint, with: { path: /in/price, respond: reply } }\nsteps:\n  - { id: answer, reply: { data: ok } }',
      right:
        'trigger: { use: http.endpoint, with: { path: /in/price, respond: reply } }\ndeliver: { expires: 30s }\nsteps:\n  - { id: answer, reply: { data: ok } }',
    },
  },
  POLICY_REPLY: {
    ru: {
      cause: 'поток отвечает, а триггер ответа не ждёт; или триггер ждёт, а на одном из путей ответа нет',
      cure: 'добавьте respond: reply к триггеру, ответ на каждом пути или удалите шаг',
    },
    example: {
      wrong:
        'trigger: { use: http.endpoint, with: { path: /in/price } }\ndeliver: { expires: 30s }\nsteps:\n  - { id: answer, reply: { data: ok } }',
      right:
        'trigger: { use: http.endpoint, with: { path: /in/price, respond: reply } }\ndeliver: { expires: 30s }\nsteps:\n  - { id: answer, reply: { data: ok } }',
    },
  },
  POLICY_TIMEOUT: {
    ru: {
      cause: 'время ожидания больше, чем consumer timeout RabbitMQ, и вызов может быть сделан дважды',
      cure: 'уменьшите timeout или увеличьте consumer_timeout в RabbitMQ и settings.rabbit.consumerTimeout',
    },
    example: {
      wrong: 'steps:\n  - { id: report, timeout: 2h, use: onec-http.call, connection: erp, with: { method: Report } }',
      right: 'steps:\n  - { id: report, timeout: 20m, use: onec-http.call, connection: erp, with: { method: Report } }',
    },
  },
  EVENT_NOBODY_TAKES: {
    ru: {
      cause: 'поток публикует события, которых не принимает ни один поток',
      cure: 'исправьте тип или добавьте поток; до тех пор события ждут как непринятые',
    },
    example: {
      wrong:
        'flow: one\nsteps:\n  - { id: tell, emit: { type: order.savd } }\n---\nflow: two\ntrigger: { use: event, with: { types: [order.saved] } }',
      right:
        'flow: one\nsteps:\n  - { id: tell, emit: { type: order.saved } }\n---\nflow: two\ntrigger: { use: event, with: { types: [order.saved] } }',
    },
  },
  EVENT_NOBODY_EMITS: {
    ru: {
      cause: 'тип почти совпадает с типом события, которое публикует другой поток',
      cure: 'напишите тип, который называет сообщение',
    },
    example: {
      wrong:
        'flow: one\nsteps:\n  - { id: tell, emit: { type: order.saved } }\n---\nflow: two\ntrigger: { use: event, with: { types: [order.savd] } }',
      right:
        'flow: one\nsteps:\n  - { id: tell, emit: { type: order.saved } }\n---\nflow: two\ntrigger: { use: event, with: { types: [order.saved] } }',
    },
  },
  STEP_UNUSED: {
    ru: { cause: 'ни один шаг не читает результат этого `set`', cure: 'удалите шаг' },
    example: {
      wrong: 'steps:\n  - { id: total, set: 1 }\n  - { id: end, stop: {} }',
      right: "steps:\n  - { id: total, set: 1 }\n  - { id: end, stop: { reason: '${{ steps.total }}' } }",
    },
  },
  FLOW_UNREACHABLE: {
    ru: {
      cause: 'шаг стоит после шага, который всегда завершает прогон',
      cure: 'удалите его или добавьте `if` к шагу перед ним',
    },
    example: {
      wrong: 'steps:\n  - { id: end, stop: {} }\n  - { id: tell, emit: { type: order.saved } }',
      right: 'steps:\n  - { id: tell, emit: { type: order.saved } }\n  - { id: end, stop: {} }',
    },
  },
  FLOW_CONSTANT: {
    ru: {
      cause: 'условие всегда истинно, всегда ложно или не читает ничего, что меняется от прогона к прогону',
      cure: 'удалите его или исправьте',
    },
    example: {
      wrong: 'steps:\n  - { id: end, if: true, stop: {} }',
      right: "steps:\n  - { id: end, if: '${{ trigger.data.vip = true }}', stop: {} }",
    },
  },
  TEST_SHAPE: {
    ru: {
      cause: 'в тесте неверный ключ или значение, либо его образец не подходит к схеме плагина',
      cure: 'напишите ключ, который перечисляет сообщение, или исправьте образец',
    },
    example: {
      wrong: 'tests:\n  - { name: ends, expct: { outcome: stopped } }',
      right: 'tests:\n  - { name: ends, expect: { outcome: stopped } }',
    },
  },
  TEST_EMPTY: {
    ru: {
      cause: 'у теста нет `expect`, или он пуст: такой тест всегда не проходит',
      cure: 'добавьте то, ради чего тест написан, например expect: { outcome: done }',
    },
    example: {
      wrong: 'tests:\n  - { name: ends }',
      right: 'tests:\n  - { name: ends, expect: { outcome: stopped } }',
    },
  },
  TEST_FAILED: {
    ru: {
      cause: 'ожидание не выполнено: об этом сообщает `sluice test` на месте ожидания',
      cure: 'исправьте поток или ожидание',
    },
    example: {
      wrong: 'steps:\n  - { id: end, stop: {} }\ntests:\n  - { name: ends, expect: { outcome: done } }',
      right: 'steps:\n  - { id: end, stop: {} }\ntests:\n  - { name: ends, expect: { outcome: stopped } }',
    },
  },
  TEST_MOCK: {
    ru: {
      cause:
        'шаг не сделал вызова, `when` ни разу не было истинно, или ответила заглушка перед ней: об этом сообщает `sluice test`',
      cure: 'исправьте `when`, поставьте заглушку раньше других или удалите её',
    },
    example: {
      wrong:
        "steps:\n  - { id: save, if: '${{ trigger.data.vip = true }}', use: onec-http.call, connection: erp, with: { method: Save } }\ntests:\n  - { name: saves, trigger: { data: { vip: false } }, mocks: { save: { output: {} } }, expect: { outcome: done } }",
      right:
        "steps:\n  - { id: save, if: '${{ trigger.data.vip = true }}', use: onec-http.call, connection: erp, with: { method: Save } }\ntests:\n  - { name: saves, trigger: { data: { vip: true } }, mocks: { save: { output: {} } }, expect: { outcome: done } }",
    },
  },
  TEST_ENDLESS: {
    ru: {
      cause:
        'прогон ждёт того, что не наступит, например системы, которую заглушка сделала недоступной: об этом сообщает `sluice test`',
      cure: 'добавьте шагу timeout или ограничьте заглушку с помощью times',
    },
    example: {
      wrong:
        'steps:\n  - { id: save, use: onec-http.call, connection: erp, with: { method: Save } }\ntests:\n  - { name: waits, mocks: { save: { error: unavailable } }, expect: { outcome: parked } }',
      right:
        'steps:\n  - { id: save, timeout: 1m, use: onec-http.call, connection: erp, with: { method: Save } }\ntests:\n  - { name: waits, mocks: { save: { error: unavailable } }, expect: { outcome: parked } }',
    },
  },
};
