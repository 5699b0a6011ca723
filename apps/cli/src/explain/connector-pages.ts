import type { ErrorPage } from './error-page.js';

const ONEC =
  'erp:\n  use: onec-http\n  with: { baseUrl: http://erp/base/hs/gate, user: sluice, password: ${{ env.ERP_PASSWORD }} }';

/** Pages of the errors of the connectors to 1C. */
const ONEC_PAGES = {
  ONEC_BUSINESS: {
    means:
      '1C carried out the call and refuses it by a rule of the base: a check of the document, a closed period, a wrong reference',
    ru: {
      means: '1С выполнила вызов и отказала по правилу базы: проверка документа, закрытый период, неверная ссылка',
      cure: 'исправьте данные или правило в 1С, затем повторите прогон',
    },
    example: {
      wrong: "with: { method: SaveOrder, data: { date: '2019-01-01' } }   # a closed period",
      right: "with: { method: SaveOrder, data: { date: '${{ trigger.time }}' } }",
    },
  },
  ONEC_LICENCE: {
    means: 'no client licence of 1C is free for one more session',
    ru: {
      means: 'нет свободной клиентской лицензии 1С ещё на один сеанс',
      cure: 'уменьшите concurrency.max подключения или освободите лицензию',
    },
    example: { wrong: `${ONEC}\n  pace: { concurrency: { max: 50 } }`, right: `${ONEC}\n  pace: { concurrency: { max: 4 } }` },
  },
  ONEC_LOCKED: {
    means: 'another session of 1C holds a lock on the data, or won a deadlock',
    ru: {
      means: 'другой сеанс 1С держит блокировку этих данных или победил во взаимоблокировке',
      cure: 'ничего не нужно: вызов повторится; если ошибка остаётся, посмотрите в 1С, кто держит блокировку',
    },
    example: {
      wrong: 'steps:\n  - { id: save, use: onec-http.call, … }   # two orders of one client at once',
      right: "deliver: { key: '${{ trigger.data.client }}' }\nsteps:\n  - { id: save, use: onec-http.call, … }",
    },
  },
  ONEC_SESSION_GONE: {
    means: '1C ended the session that the connector reuses',
    ru: {
      means: '1С завершила сеанс, который использует коннектор',
      cure: 'ничего не нужно: следующая попытка начнёт новый сеанс',
    },
    example: {
      wrong: 'retry: { attempts: 1 }   # the step fails at once',
      right: 'retry: { attempts: 10 }',
    },
  },
  ONEC_RESTARTING: {
    means: 'the server of 1C, or its working process, is restarting',
    ru: {
      means: 'сервер 1С или его рабочий процесс перезапускается',
      cure: 'ничего не нужно: вызов повторится; если ошибка остаётся, проверьте, что сервер 1С работает',
    },
    example: { wrong: 'retry: { attempts: 1 }', right: 'retry: { attempts: 10, max: 5m }' },
  },
  ONEC_BLOCKED: {
    means: 'the base does not accept sessions, for example during an update of the configuration',
    ru: {
      means: 'база не принимает сеансы, например при обновлении конфигурации',
      cure: 'ничего не нужно: вызовы продолжатся, когда база снова примет сеансы',
    },
    example: {
      wrong: ONEC,
      right: `${ONEC}\n  pace: { calendar: [{ daily: '02:00-03:00', concurrency: 0, reason: updates of the base }] }`,
    },
  },
  ONEC_RUNNING: {
    means: 'an earlier call under the same id has not ended in 1C, so this one is not carried out',
    ru: {
      means: 'предыдущий вызов с тем же id в 1С ещё не завершён, поэтому этот не выполняется',
      cure: 'ничего не нужно: первый вызов с этим id ещё выполняется в 1С',
    },
    example: { wrong: 'with: { …, timeout: 1s }   # of a method that takes a minute', right: 'with: { …, timeout: 2m }' },
  },
  ONEC_CUT_OFF: {
    means: 'the connection was cut after the request was sent and before the answer was whole',
    ru: {
      means: 'соединение оборвалось после отправки запроса и до конца ответа',
      cure: 'найдите в журналах веб-сервера и 1С, почему соединение оборвано',
    },
    example: { wrong: 'proxy_read_timeout 5s;     # of nginx in front of 1C', right: 'proxy_read_timeout 120s;' },
  },
  ONEC_FRONT: {
    means: 'the web server in front of 1C answered instead of 1C',
    ru: { means: 'вместо 1С ответил веб-сервер перед ней', cure: 'посмотрите журнал веб-сервера перед 1С' },
    example: { wrong: 'baseUrl: http://erp/bas/hs/gate', right: 'baseUrl: http://erp/base/hs/gate' },
  },
  ONEC_WSDL: {
    means: 'the WSDL of the web service cannot be read; calls wait until it can',
    ru: {
      means: 'WSDL веб-сервиса не читается; вызовы ждут, пока он не станет доступен',
      cure: 'откройте адрес с ?wsdl в браузере под пользователем подключения: должен быть XML',
    },
    example: { wrong: 'baseUrl: http://erp/base/hs', right: 'baseUrl: http://erp/base/ws' },
  },
  ONEC_WSDL_UNSUPPORTED: {
    means: 'the WSDL uses a form that the connector does not support',
    ru: {
      means: 'WSDL имеет вид, который коннектор не поддерживает',
      cure: 'опубликуйте сервис как document/literal на SOAP 1.1 или 1.2, так делает 1С',
    },
    example: { wrong: '<soap:binding style="rpc" …/>', right: '<soap:binding style="document" …/>' },
  },
  ONEC_SOAP_PROTOCOL: {
    means: 'the service does not accept this version of SOAP, or demands headers',
    ru: {
      means: 'сервис не принимает эту версию SOAP или требует заголовки',
      cure: 'задайте `soap` подключения той версии, которую знает сервис; сервис с обязательными заголовками SOAP вызвать нельзя',
    },
    example: {
      wrong: "soap: { use: onec-soap, with: { …, soap: '1.2' } }   # the service knows 1.1 only",
      right: "soap: { use: onec-soap, with: { …, soap: '1.1' } }",
    },
  },
  ONEC_ARGUMENT: {
    means: '`arguments` of a step have other names or types than the WSDL',
    ru: {
      means: 'у `arguments` шага не те имена или типы, что в WSDL',
      cure: 'исправьте `arguments` шага: имена и типы — как в WSDL',
    },
    example: {
      wrong: "with: { service: Orders, operation: Save, arguments: { Nmber: '5' } }",
      right: "with: { service: Orders, operation: Save, arguments: { Number: '5' } }",
    },
  },
} satisfies Record<string, ErrorPage>;

/** Pages of the errors of the connector to Asterisk. */
const AMI_PAGES = {
  AMI_LOGIN_REFUSED: {
    means: 'Asterisk refuses the user or the secret, or the address of this host',
    ru: {
      means: 'Asterisk не принимает пользователя, секрет или адрес этого хоста',
      cure: 'проверьте user и secret в manager.conf, а также его строки permit и deny',
    },
    example: {
      wrong: '[sluice]\nsecret = other',
      right: '[sluice]\nsecret = the value of PBX_SECRET\npermit = 10.0.0.0/255.0.0.0',
    },
  },
  AMI_TURNED_AWAY: {
    means: 'Asterisk closed the connection before the login ended',
    ru: {
      means: 'Asterisk закрыл соединение до конца входа',
      cure: 'проверьте на станции, не заблокирован ли адрес (fail2ban) и не достигнут ли authlimit',
    },
    example: { wrong: 'authlimit = 1', right: 'authlimit = 50' },
  },
  AMI_NOT_ASTERISK: {
    means: 'something else than the manager interface of Asterisk listens at this port',
    ru: {
      means: 'на этом порту не интерфейс управления Asterisk',
      cure: 'проверьте host, port и tls: интерфейс управления слушает 5038, с TLS — 5039',
    },
    example: { wrong: 'with: { host: pbx, port: 5060, … }', right: 'with: { host: pbx, port: 5038, … }' },
  },
  AMI_DENIED: {
    means: 'the user of the manager interface lacks the write class of this action',
    ru: {
      means: 'у пользователя интерфейса нет класса записи для этого действия',
      cure: 'добавьте класс в `write` пользователя в manager.conf и выполните `manager reload`',
    },
    example: { wrong: 'write = system', right: 'write = system,call,originate' },
  },
  AMI_NO_EVENTS: {
    means: 'the user of the manager interface may not read the events that the flow wants',
    ru: {
      means: 'пользователю интерфейса не разрешено читать события, которые нужны потоку',
      cure: 'добавьте класс в `read` пользователя в manager.conf без пробелов и выполните `manager reload`',
    },
    example: { wrong: 'read = system', right: 'read = system,call' },
  },
  AMI_REFUSED: {
    means: 'Asterisk refuses the action with these data',
    ru: {
      means: 'Asterisk отказывается выполнить действие с этими данными',
      cure: 'исправьте данные шага: станция их отклоняет',
    },
    example: { wrong: 'with: { channel: SIP/100 }     # there is no such channel', right: 'with: { channel: PJSIP/100 }' },
  },
  AMI_UNWRITABLE: {
    means: 'a value cannot be written in the protocol: it has a line break or is too long',
    ru: {
      means: 'значение нельзя записать в протоколе: в нём перевод строки или оно слишком длинное',
      cure: 'уберите переводы строк, и пусть каждое значение будет короче 1000 байт',
    },
    example: {
      wrong: 'variables: { NOTE: ${{ trigger.data.note }} }',
      right: 'variables: { NOTE: \'${{ $replace(trigger.data.note, /[\\r\\n]+/, " ") }}\' }',
    },
  },
  AMI_CUT_OFF: {
    means: 'the session with Asterisk ended before the answer',
    ru: { means: 'сеанс с Asterisk кончился до ответа', cure: 'найдите в журнале Asterisk, почему кончился сеанс' },
    example: { wrong: 'core restart now', right: 'core restart gracefully' },
  },
  AMI_NOT_REACHED: {
    means: 'the number was dialled and nobody answered; it is dialled again after the interval',
    ru: {
      means: 'номер набран, никто не ответил; он будет набран снова',
      cure: 'ничего не нужно: номер будет набран снова через интервал',
    },
    example: { wrong: 'with: { …, attempts: 1 }', right: 'with: { …, attempts: 3, interval: 10m }' },
  },
  AMI_NO_TIMEZONE: {
    means: 'working hours are set, and the time zone of the exchange is not known',
    ru: {
      means: 'заданы рабочие часы, а часовой пояс станции неизвестен',
      cure: 'задайте `timezone` подключения или `settings.timezone`',
    },
    example: { wrong: 'settings: {}', right: 'settings: { timezone: Europe/Moscow }' },
  },
  AMI_NOT_NOW: {
    means: 'the number is not dialled outside of the working hours',
    ru: {
      means: 'вне рабочих часов номер не набирается',
      cure: 'ничего не нужно: номер будет набран, когда начнутся рабочие часы',
    },
    example: { wrong: "with: { …, hours: '09:00-10:00' }", right: "with: { …, hours: '09:00-21:00' }" },
  },
} satisfies Record<string, ErrorPage>;

/** Pages of the errors of the connector http. */
const WEB_PAGES = {
  HTTP_SIGNATURE: {
    means: 'the signature of a request is missing, wrong or too old',
    ru: {
      means: 'подписи запроса нет, она неверна или устарела',
      cure: 'подпишите тело общим секретом, а где задан `timestamp` — вместе со временем; при `sharedSecret` передайте его в заголовке',
    },
    example: {
      wrong: "curl -d '{}' http://sluice:3000/in/pay",
      right:
        "curl -d '{}' -H \"x-signature: $(printf '{}' | openssl dgst -sha256 -hmac \"$SECRET\" -r | cut -d' ' -f1)\" http://sluice:3000/in/pay",
    },
  },
  HTTP_ID: {
    means: 'the id that the sender gave its event is too long',
    ru: { means: 'id, который отправитель дал событию, слишком длинный', cure: 'отправьте более короткий id' },
    example: { wrong: "curl -H 'Idempotency-Key: …1,000 characters…' …", right: "curl -H 'Idempotency-Key: order-17' …" },
  },
  HTTP_CUT_OFF: {
    means: 'the web service closed the connection after the request was sent and before the answer was whole',
    ru: {
      means: 'веб-сервис закрыл соединение после отправки запроса и до конца ответа',
      cure: 'найдите в журнале веб-сервиса, почему он оборвал соединение',
    },
    example: {
      wrong: 'with: { method: POST, path: /pay }',
      right: 'with: { method: POST, path: /pay, idempotent: by-key }   # so that it may be repeated',
    },
  },
  HTTP_SERVER_ERROR: {
    means: 'the web service answered with a status of 500 or more',
    ru: { means: 'веб-сервис ответил статусом 500 или больше', cure: 'посмотрите журнал веб-сервиса' },
    example: { wrong: 'with: { method: GET, path: /broken }', right: 'with: { method: GET, path: /works }' },
  },
  HTTP_MOVED: {
    means: 'the web service answers with a redirect, which is not followed because it may lead elsewhere with the token',
    ru: {
      means: 'веб-сервис отвечает перенаправлением; по нему запрос не идёт, потому что увёл бы токен в другое место',
      cure: 'задайте новый адрес сервиса: перенаправления не выполняются',
    },
    example: {
      wrong: 'site: { use: http, with: { baseUrl: http://shop.example } }',
      right: 'site: { use: http, with: { baseUrl: https://shop.example } }',
    },
  },
} satisfies Record<string, ErrorPage>;

/** Pages of the errors of the booking calendar. */
const TIMELINE_PAGES = {
  TIMELINE_OVERLAP: {
    means: 'the resource is taken at this time',
    ru: {
      means: 'ресурс в это время занят',
      cure: 'выберите другое время или другой ресурс: существующая запись — в `details.entry`',
    },
    example: {
      wrong: "with: { resource: room1, start: '2026-03-02T10:00', end: '2026-03-02T11:00' }   # taken until 10:30",
      right: "with: { resource: room1, start: '2026-03-02T10:30', end: '2026-03-02T11:30' }",
    },
  },
  TIMELINE_VERSION: {
    means: 'somebody else changed the entry since it was read',
    ru: {
      means: 'запись с тех пор изменил кто-то другой',
      cure: 'прочитайте текущую запись в `details.entry` и измените её',
    },
    example: {
      wrong: 'with: { id: 17, version: 1, … }',
      right: 'with: { id: 17, version: ${{ trigger.data.entry.version }}, … }',
    },
  },
  TIMELINE_MISSING: {
    means: 'there is no such entry, resource or calendar',
    ru: { means: 'нет такой записи, ресурса или календаря', cure: 'проверьте id записи или код ресурса' },
    example: { wrong: 'with: { resource: rom1, … }', right: 'with: { resource: room1, … }' },
  },
  TIMELINE_GATEWAY: {
    means: 'the calendar shall show changes on desktops, and no connection is a gateway to them',
    ru: {
      means: 'календарь должен показывать изменения на рабочих местах, а подключения-шлюза нет',
      cure: "добавьте '@sluice/plugin-tcp-gateway' в plugins и подключение `desktops: { use: tcp-gateway }` в sluice.yaml или удалите опцию gateway календаря",
    },
    example: {
      wrong: 'calendar: { use: timeline, with: { gateway: desktops } }',
      right: 'desktops: { use: tcp-gateway }\ncalendar: { use: timeline, with: { gateway: desktops } }',
    },
  },
  TIMELINE_INVALID: {
    means: 'the entry cannot be: a time that does not exist, an end before the start, or more than 31 days',
    ru: {
      means: 'такой записи быть не может: несуществующее время, конец раньше начала или больше 31 дня',
      cure: 'исправьте данные',
    },
    example: {
      wrong: "with: { start: '2026-02-30T10:00', … }",
      right: "with: { start: '2026-02-28T10:00', … }",
    },
  },
} satisfies Record<string, ErrorPage>;

/** Pages of the errors of the conversations, by the name of the code. */
const CONVERSATIONS_PAGES = {
  CONVERSATIONS_GATEWAY: {
    means: 'conversations send live events over a gateway to desktops, and no connection is one',
    ru: {
      means: 'обсуждения рассылают события через шлюз рабочих мест, а подключения-шлюза нет',
      cure: "добавьте '@sluice/plugin-tcp-gateway' в plugins и подключение `desktops: { use: tcp-gateway }` в sluice.yaml или исправьте опцию gateway",
    },
    example: {
      wrong: 'talks: { use: conversations }',
      right: 'desktops: { use: tcp-gateway }\ntalks: { use: conversations }',
    },
  },
  CONVERSATIONS_MISSING: {
    means: 'the object does not exist, or the caller is no member of its discussion: both have the same answer',
    ru: {
      means: 'объекта нет, или вызывающий не участник его обсуждения: ответ в обоих случаях один',
      cure: 'проверьте id: объекта нет, или вы не участник его обсуждения',
    },
    example: {
      wrong: 'with: { discussion: 0f8fad5b-d9cb-469f-a165-70867728950e, … }',
      right: 'with: { discussion: ${{ steps.talk.discussion }}, … }',
    },
  },
  CONVERSATIONS_LOCKED: {
    means: 'the person, the application or the subscriber of the token is locked',
    ru: {
      means: 'пользователь, приложение или абонент этого токена заблокирован',
      cure: 'попросите администратора снять блокировку пользователя, приложения или абонента',
    },
    example: {
      wrong: 'POST …/people/import { "people": [{ "sub": "ivanov", "isLocked": true, … }] }',
      right: 'POST …/people/import { "people": [{ "sub": "ivanov", "isLocked": false, … }] }',
    },
  },
  CONVERSATIONS_FORBIDDEN: {
    means: 'only an owner of the discussion, or a token with another scope, may do this',
    ru: {
      means: 'это может владелец обсуждения или токен с другим правом',
      cure: 'обратитесь к владельцу обсуждения',
    },
    example: {
      wrong: '"scope": "desktop"',
      right: '"scope": "desktop conversations"',
    },
  },
  CONVERSATIONS_VERSION: {
    means: 'the message was changed since it was read',
    ru: { means: 'сообщение с тех пор изменено', cure: 'прочитайте сообщение снова и повторите изменение с его версией' },
    example: { wrong: '{ "version": 1, "text": "…" }', right: '{ "version": 2, "text": "…" }' },
  },
  CONVERSATIONS_ARCHIVED: {
    means: 'the discussion is archived: it can be read only',
    ru: {
      means: 'обсуждение в архиве: его можно только читать',
      cure: 'попросите владельца вернуть обсуждение из архива или пишите в другом',
    },
    example: {
      wrong: 'POST …/messages { "text": "…", … }',
      right: 'PATCH …/discussions/<id> { "isArchived": false }',
    },
  },
  CONVERSATIONS_DELETED: {
    means: 'the message was deleted; its number stays',
    ru: { means: 'сообщение удалено; его номер остался', cure: 'напишите новое сообщение' },
    example: {
      wrong: 'PATCH …/messages/7 { "version": 3, "text": "…" }',
      right: 'POST …/messages { "text": "…", … }',
    },
  },
  CONVERSATIONS_LIMIT: {
    means: 'more data, members, files or uploads at the same time than one may have',
    ru: {
      means: 'больше данных, участников, файлов или одновременных загрузок, чем разрешено',
      cure: 'отправьте меньше или попросите администратора поднять предел',
    },
    example: {
      wrong: 'attachments: { maxSize: 1MiB }',
      right: 'attachments: { maxSize: 25MiB }',
    },
  },
  CONVERSATIONS_RATE: {
    means: 'a person or an application posts messages or creates discussions more often than `limits` of the connection allows',
    ru: {
      means: 'пользователь или приложение отправляет сообщения или создаёт обсуждения чаще, чем разрешает limits подключения',
      cure: 'повторите запрос с тем же clientId через время из Retry-After или попросите администратора поднять limits подключения',
    },
    example: {
      wrong: 'limits: { person: { postsPerSecond: 1, burst: 1 } }',
      right: 'limits: { person: { postsPerSecond: 20, burst: 500 } }',
    },
  },
  CONVERSATIONS_REGISTRATION: {
    means: 'the code of the registration is wrong, was used, or has expired',
    ru: {
      means: 'код регистрации неверен, уже использован или просрочен',
      cure: 'запросите новый код или попросите администратора зарегистрировать приложение',
    },
    example: {
      wrong: 'POST …/registrations/<id>/confirm { "code": "000000" }',
      right: 'POST …/registrations { "email": "…", … }',
    },
  },
  CONVERSATIONS_MAIL: {
    means: 'the code of a registration could not be sent by mail',
    ru: {
      means: 'код регистрации не удалось отправить почтой',
      cure: 'проверьте registration.smtp подключения и почтовый сервер и повторите запрос',
    },
    example: {
      wrong: 'talks: { use: conversations, with: { registration: { smtp: … } } }  # a server that does not answer',
      right: 'talks: { use: conversations, with: { registration: { smtp: … } } }  # a server that answers',
    },
  },
  CONVERSATIONS_LETTERS: {
    means: 'the database compares Cyrillic letters as bytes, so that search cannot ignore their case',
    ru: {
      means: 'база сравнивает кириллицу побайтно, и поиск не может не различать регистр',
      cure: "создайте базу в локали UTF-8, например `create database sluice template template0 encoding 'UTF8' locale 'C.UTF-8'` (или ru_RU.UTF-8), и загрузите в неё данные",
    },
    example: {
      wrong: "create database sluice locale 'C'",
      right: "create database sluice template template0 encoding 'UTF8' locale 'C.UTF-8'",
    },
  },
  CONVERSATIONS_TRIGRAMS: {
    means: 'the extension pg_trgm, with which search finds words in spite of typing errors, is not in the database',
    ru: {
      means: 'в базе нет расширения pg_trgm, с которым поиск находит слова с опечатками',
      cure: 'от имени суперпользователя выполните в базе `create extension pg_trgm schema public` (пакет postgresql-contrib), затем `sluice conversations reindex`',
    },
    example: {
      wrong: 'apt install postgresql',
      right: 'apt install postgresql postgresql-contrib\npsql sluice -c "create extension pg_trgm schema public"',
    },
  },
  CONVERSATIONS_INVALID: {
    means: 'the data of the request do not fit together',
    ru: { means: 'данные запроса не сочетаются', cure: 'исправьте данные' },
    example: { wrong: 'with: { kind: group, key: order 5 }', right: 'with: { kind: contextual, key: order 5 }' },
  },
} satisfies Record<string, ErrorPage>;

/** Pages of the errors of the gateway to desktops, by the name of the code. */
const GATEWAY_PAGES = {
  GATEWAY_PORT: {
    means: 'another program listens at the port of the gateway',
    ru: {
      means: 'порт шлюза занят другой программой',
      cure: 'остановите программу, которая слушает порт, или задайте другой `port` подключения (или SLUICE_STOMP_PORT)',
    },
    example: {
      wrong: 'desktops: { use: tcp-gateway, with: { port: 3000 } }',
      right: 'desktops: { use: tcp-gateway, with: { port: 61613 } }',
    },
  },
  GATEWAY_LOGIN: {
    means: 'the login of the client is another user than the user of its token',
    ru: {
      means: 'login клиента — не пользователь его токена',
      cure: 'передайте в login пользователя токена или не передавайте login',
    },
    example: {
      wrong: 'CONNECT\nlogin:petrov\npasscode:<token of ivanov>',
      right: 'CONNECT\nlogin:ivanov\npasscode:<token of ivanov>',
    },
  },
  GATEWAY_NAME: {
    means: 'the name of a user, a workplace, an extension or a group is empty, too long or has control characters',
    ru: {
      means: 'имя пользователя, рабочего места, номера или группы пустое, слишком длинное или с управляющими символами',
      cure: 'имена пользователей, рабочих мест, номеров и групп — от 1 до 200 символов без управляющих',
    },
    example: { wrong: 'client-id:', right: 'client-id:desk-17' },
  },
  GATEWAY_WORKPLACE: {
    means: 'the token does not allow the workplace that the client names',
    ru: {
      means: 'токен не разрешает рабочее место, которое называет клиент',
      cure: 'передайте client-id из claim workplaces токена или подпишите токен с этим местом в пределах workplaces издателя в sluice.yaml',
    },
    example: { wrong: 'client-id:desk-18        # workplaces of the token: [desk-17]', right: 'client-id:desk-17' },
  },
  GATEWAY_USER: {
    means: 'a name without its issuer could be a user of several issuers',
    ru: {
      means: 'имя без издателя может быть у нескольких издателей',
      cure: 'назовите пользователя полностью, <издатель>/<sub>: право desktop могут выдавать несколько издателей',
    },
    example: { wrong: 'with: { to: { user: ivanov }, … }', right: 'with: { to: { user: erp/ivanov }, … }' },
  },
  GATEWAY_WAIT: {
    means: 'a step with `waitFor` waits for one user, needs a timeout, and its event must be kept',
    ru: {
      means: 'шаг с `waitFor` ждёт одного пользователя, ему нужен timeout, и событие должно храниться',
      cure: 'при waitFor: shown или reply добавьте шагу timeout, храните событие и отправляйте его одному пользователю',
    },
    example: {
      wrong: 'use: tcp-gateway.send\nwith: { to: { all: true }, waitFor: reply, … }',
      right: 'use: tcp-gateway.send\ntimeout: 5m\nwith: { to: { user: erp/ivanov }, waitFor: reply, … }',
    },
  },
  GATEWAY_FLOW: {
    means: 'no flow of this name can be called from desktops',
    ru: {
      means: 'потока с таким именем, который вызывают рабочие места, нет',
      cure: 'вызовите по имени поток с триггером tcp-gateway.message',
    },
    example: { wrong: 'SEND\ndestination:/flows/save-ordr', right: 'SEND\ndestination:/flows/save-order' },
  },
  GATEWAY_REQUEST: {
    means: 'a request to the mailbox over HTTP has a wrong path, query or body',
    ru: {
      means: 'у запроса к ящику по HTTP неверный путь, параметр или тело',
      cure: 'исправьте запрос: GET /mailbox/<user>?wait=25s, POST /mailbox/<user>/ack',
    },
    example: { wrong: 'GET /mailbox/erp%2Fivanov?wait=25', right: 'GET /mailbox/erp%2Fivanov?wait=25s' },
  },
  GATEWAY_TOKEN_REVOKED: {
    means: 'an operator revoked the token of the client',
    ru: { means: 'оператор отозвал токен клиента', cure: 'подключитесь с токеном, выданным после отзыва' },
    example: { wrong: 'CONNECT\npasscode:<the old token>', right: 'CONNECT\npasscode:<a token that was issued afterwards>' },
  },
  GATEWAY_POLLS: {
    means: 'too many requests of one user wait for events at once',
    ru: {
      means: 'слишком много запросов одного пользователя сразу ждут событий',
      cure: 'повторите запрос позже: отмените один или дождитесь его ответа перед следующим',
    },
    example: {
      wrong: 'setInterval(() => fetch("/mailbox/me?wait=25s"), 1000)',
      right: 'for (;;) await fetch("/mailbox/me?wait=25s")',
    },
  },
  GATEWAY_MAILBOX: {
    means: 'the token does not allow access to the mailbox of this user',
    ru: { means: 'токен не даёт доступа к ящику этого пользователя', cure: 'запрашивайте ящик пользователя токена' },
    example: { wrong: 'GET /mailbox/erp%2Fpetrov   # with the token of ivanov', right: 'GET /mailbox/erp%2Fivanov' },
  },
  GATEWAY_EVENT: {
    means: 'an event for desktops, its options or its recipients are wrong',
    ru: {
      means: 'событие для рабочих мест, его опции или получатели неверны',
      cure: 'исправьте событие, его опции или получателей: сообщение называет неверное значение',
    },
    example: {
      wrong: "with: { to: { user: '' }, event: call, data: {} }",
      right: 'with: { to: { user: erp/ivanov }, event: call, data: {} }',
    },
  },
  GATEWAY_DESTINATION_FORBIDDEN: {
    means: 'the plugin that owns the destination does not allow it for this user',
    ru: {
      means: 'плагин, которому принадлежит назначение, не разрешает его этому пользователю',
      cure: 'используйте назначение, которое плагин разрешает этому пользователю',
    },
    example: { wrong: 'SUBSCRIBE\ndestination:/calendar/directors', right: 'SUBSCRIBE\ndestination:/calendar/my-department' },
  },
  GATEWAY_DESTINATION_FAILED: {
    means: 'the plugin that owns the destination failed or did not answer in time',
    ru: {
      means: 'плагин, которому принадлежит назначение, завершился ошибкой или не ответил вовремя',
      cure: 'подключитесь снова через несколько секунд и повторите сообщение; причина — в журнале сервера',
    },
    example: { wrong: 'client.onStompError = () => client.deactivate()', right: 'client.reconnectDelay = 5000' },
  },
  GATEWAY_DESTINATION_AWAY: {
    means: 'the plugin that owns the destination is not open at this moment',
    ru: {
      means: 'плагин, которому принадлежит назначение, сейчас не открыт',
      cure: 'подключитесь снова через несколько секунд: плагин этого назначения открывается',
    },
    example: { wrong: 'client.onStompError = () => client.deactivate()', right: 'client.reconnectDelay = 5000' },
  },
  GATEWAY_DESTINATION_TAKEN: {
    means: 'a plugin registers a prefix that is reserved, malformed or registered already',
    ru: {
      means: 'плагин регистрирует префикс, который занят, зарезервирован или неверен',
      cure: 'зарегистрируйте другой префикс: сообщите автору плагина',
    },
    example: { wrong: "desktops.register({ prefix: '/user/', … })", right: "desktops.register({ prefix: '/calendar/', … })" },
  },
  STOMP_FRAME: {
    means: 'the bytes of the client are not a frame of STOMP 1.2',
    ru: { means: 'байты клиента — не кадр STOMP 1.2', cure: 'отправляйте кадры так, как их определяет STOMP 1.2' },
    example: {
      wrong: 'SEND\ndestination:/events/a.b\n\n{}          # without the NUL at the end',
      right: 'SEND\ndestination:/events/a.b\n\n{}^@',
    },
  },
  STOMP_LIMIT: {
    means: 'a frame is too large, or a session has too many subscriptions or transactions',
    ru: {
      means: 'кадр слишком велик, или в сеансе слишком много подписок или транзакций',
      cure: 'отправляйте меньшие кадры и меньше сразу или увеличьте пределы шлюза',
    },
    example: {
      wrong: 'SEND\ndestination:/events/photo\n\n…20 MiB…^@',
      right: 'SEND\ndestination:/events/photo\n\n{"url":"http://files/1.jpg"}^@',
    },
  },
  STOMP_VERSION: {
    means: 'the client does not offer STOMP 1.2',
    ru: { means: 'клиент не предлагает STOMP 1.2', cure: 'подключайтесь с accept-version:1.2' },
    example: { wrong: 'CONNECT\naccept-version:1.0,1.1', right: 'CONNECT\naccept-version:1.2' },
  },
  STOMP_ORDER: {
    means: 'the client sent another frame before CONNECT, or CONNECT twice',
    ru: { means: 'клиент отправил другой кадр до CONNECT или CONNECT дважды', cure: 'сначала отправьте CONNECT, и один раз' },
    example: { wrong: 'SUBSCRIBE …\nCONNECT …', right: 'CONNECT …\nSUBSCRIBE …' },
  },
  STOMP_HEADER: {
    means: 'a header of a frame is missing or has a wrong value',
    ru: { means: 'у кадра нет заголовка или его значение неверно', cure: 'добавьте или исправьте заголовок' },
    example: {
      wrong: 'SUBSCRIBE\ndestination:/user/events',
      right: 'SUBSCRIBE\nid:0\ndestination:/user/events\nack:client-individual',
    },
  },
  STOMP_DESTINATION: {
    means: 'the destination does not exist for this kind of frame',
    ru: {
      means: 'для такого кадра этого назначения нет',
      cure: 'подписывайтесь на /user/events, /user/replies/<имя> или /topic/<имя>; отправляйте в /events/<тип>, /flows/<имя> или /answers/<message-id>',
    },
    example: { wrong: 'SUBSCRIBE\nid:0\ndestination:/queue/events', right: 'SUBSCRIBE\nid:0\ndestination:/user/events' },
  },
  STOMP_SUBSCRIPTION: {
    means: 'the id of a subscription is in use already, or no subscription has it',
    ru: {
      means: 'id подписки уже занят, или подписки с ним нет',
      cure: 'подписывайтесь под свободным id и отписывайтесь по id подписки',
    },
    example: { wrong: 'SUBSCRIBE\nid:0\n…\nSUBSCRIBE\nid:0\n…', right: 'SUBSCRIBE\nid:0\n…\nSUBSCRIBE\nid:1\n…' },
  },
  STOMP_ACK: {
    means: 'an ACK or NACK names a message that this session did not receive',
    ru: {
      means: 'ACK или NACK называет сообщение, которого этот сеанс не получал',
      cure: 'подтверждайте заголовком ack из MESSAGE в том же сеансе, который его получил',
    },
    example: { wrong: 'ACK\nid:<message-id of the MESSAGE>', right: 'ACK\nid:<ack of the MESSAGE>' },
  },
  STOMP_TRANSACTION: {
    means: 'the transaction that is begun is open already, or the one that is used is not',
    ru: {
      means: 'транзакция с этим именем уже открыта, или её нет',
      cure: 'начните транзакцию, используйте её и завершите COMMIT или ABORT',
    },
    example: { wrong: 'COMMIT\ntransaction:t1', right: 'BEGIN\ntransaction:t1\n…\nCOMMIT\ntransaction:t1' },
  },
  STOMP_SILENT: {
    means: 'the client sent neither a frame nor a heart-beat in time',
    ru: {
      means: 'клиент вовремя не прислал ни кадра, ни heart-beat',
      cure: 'отправляйте heart-beat с согласованным интервалом и подключайтесь снова',
    },
    example: {
      wrong: 'CONNECT\nheart-beat:10000,10000      # and then silence',
      right: 'CONNECT\nheart-beat:10000,10000      # and a line feed every 10 s',
    },
  },
  STOMP_TIMEOUT: {
    means: 'the client did not send a whole frame in time, or does not read',
    ru: {
      means: 'клиент не прислал кадр целиком вовремя или не читает',
      cure: 'отправляйте кадры целиком и вовремя и подключайтесь снова',
    },
    example: { wrong: 'socket.pause()     # while messages arrive', right: "socket.on('data', (bytes) => parser.push(bytes))" },
  },
  STOMP_TOKEN_EXPIRED: {
    means: 'the token of the session expired while it was connected',
    ru: { means: 'токен сеанса истёк, пока клиент был подключён', cure: 'подключитесь с новым токеном' },
    example: { wrong: 'npx sluice token --sub ivanov --ttl 1m', right: 'npx sluice token --sub ivanov --ttl 12h' },
  },
  STOMP_TOO_MANY: {
    means: 'the gateway has as many connections as it may have, in all or of this address',
    ru: {
      means: 'у шлюза предельное число соединений, всего или с этого адреса',
      cure: 'подключитесь позже или увеличьте пределы шлюза',
    },
    example: { wrong: 'while true; do connect; done', right: 'client.reconnectDelay = 5000' },
  },
  STOMP_STOPPING: {
    means: 'the gateway is stopping; nothing that was confirmed is lost',
    ru: { means: 'шлюз останавливается; ничего подтверждённого не потеряно', cure: 'подключитесь снова через несколько секунд' },
    example: { wrong: 'client.reconnectDelay = 0', right: 'client.reconnectDelay = 5000' },
  },
} satisfies Record<string, ErrorPage>;

/** Pages of the errors of our connectors. */
export const CONNECTOR_PAGES: Readonly<Record<string, ErrorPage>> = {
  ...ONEC_PAGES,
  ...AMI_PAGES,
  ...WEB_PAGES,
  ...TIMELINE_PAGES,
  ...CONVERSATIONS_PAGES,
  ...GATEWAY_PAGES,
};
