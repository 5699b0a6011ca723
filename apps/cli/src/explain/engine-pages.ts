import type { BODY_CODES, ENGINE_CODES, SHARED_CODES } from '@sluice/plugin-api';
import type { ErrorPage } from './error-page.js';

const CALL = '- id: save\n  use: onec-http.call\n  connection: erp\n  with: { method: Save }';

/** Pages of the errors of the engine. The codes of expressions have their pages among the findings. */
export const ENGINE_PAGES: Readonly<
  Record<Exclude<keyof typeof ENGINE_CODES, `EXPR_${string}`> | 'PACER_UNAVAILABLE', ErrorPage>
> = {
  STEP_TIMEOUT: {
    means: 'a step did not end within its `timeout`; the time of waiting for the pace counts as well',
    ru: {
      means: 'шаг не завершился за свой `timeout`; ожидание темпа тоже входит в это время',
      cure: 'увеличьте timeout шага или добавьте onError',
    },
    example: { wrong: `${CALL}\n  timeout: 1s`, right: `${CALL}\n  timeout: 30s\n  onError:\n    - output: null` },
  },
  OUTCOME_UNKNOWN: {
    means:
      'a call that is not idempotent was sent, and no answer arrived: the engine does not repeat it, because it may have been carried out',
    ru: {
      means: 'неидемпотентный вызов был отправлен, а ответа нет: движок не повторяет его, потому что он мог быть выполнен',
      cure: 'проверьте в удалённой системе, выполнен ли вызов, затем повторите прогон или отбросьте его',
    },
    example: {
      wrong: '- id: pay\n  use: http.request\n  connection: bank\n  with: { method: POST, path: /pay }',
      right: '- id: pay\n  use: http.request\n  connection: bank\n  with: { method: POST, path: /pay, idempotent: by-key }',
    },
  },
  INPUT_INVALID: {
    means:
      'a value does not fit what receives it: `with` of a step and the schema of its action, the data of a called flow and its `input`, or a request of the admin API',
    ru: {
      means:
        'значение не подходит тому, кто его получает: `with` шага — схеме действия, данные вызванного потока — его `input`, запрос — API администратора',
      cure: 'исправьте `with` шага: сообщение называет поле',
    },
    example: {
      wrong:
        '- id: save\n  use: onec-http.call\n  connection: erp\n  with: { method: ${{ trigger.data.method }} }   # a number in the event',
      right: '- id: save\n  use: onec-http.call\n  connection: erp\n  with: { method: ${{ $string(trigger.data.method) }} }',
    },
  },
  OUTPUT_INVALID: {
    means: 'a connector returned a value that its own schema does not allow; this is a mistake of the connector',
    ru: {
      means: 'коннектор вернул значение, которого не допускает его собственная схема; это ошибка коннектора',
      cure: 'сообщите автору коннектора',
    },
    example: {
      wrong: "action({ output: z.object({ status: z.number() }), run: async () => ({ status: '200' }) })",
      right: 'action({ output: z.object({ status: z.number() }), run: async () => ({ status: 200 }) })',
    },
  },
  FOREACH_NOT_LIST: {
    means: '`in` of a loop returned something else than a list; JSONata returns one match as a bare value',
    ru: {
      means: '`in` цикла вернул не список; одно совпадение JSONata возвращает без списка',
      cure: 'заключите выражение `in` в [ … ]: одно совпадение само по себе — не список',
    },
    example: {
      wrong: 'forEach:\n  in: ${{ trigger.data.lines[count > 0] }}\n  steps: […]',
      right: 'forEach:\n  in: ${{ [trigger.data.lines[count > 0]] }}\n  steps: […]',
    },
  },
  FOREACH_FAILED: {
    means: 'one or more items of a loop failed; `details` lists them, and the others are done',
    ru: {
      means: 'один или несколько элементов цикла завершились ошибкой: они в `details`, остальные выполнены',
      cure: 'исправьте причину и повторите прогон: повторятся только эти элементы; или напишите onFailure: continue',
    },
    example: {
      wrong: 'forEach:\n  in: ${{ trigger.data.lines }}\n  steps: […]   # one line is wrong, so the run is parked',
      right: 'forEach:\n  in: ${{ trigger.data.lines }}\n  onFailure: continue\n  steps: […]',
    },
  },
  CALL_FAILED: {
    means: 'a flow that the step calls ended with an error or replied with a status of 400 or more',
    ru: {
      means: 'поток, который вызывает шаг, завершился ошибкой или ответил статусом 400 и выше',
      cure: 'смотрите причину; `sluice find` с id вызванного прогона показывает, что с ним стало',
    },
    example: {
      wrong: '- { id: reserve, call: { flow: reserve-line } }',
      right: '- id: reserve\n  call: { flow: reserve-line }\n  onError:\n    - output: { reserved: false }',
    },
  },
  FLOW_LOOP: {
    means:
      'an event caused more hops than `settings.limits.hops` allows: flows emit to each other, or call each other, in a circle',
    ru: {
      means:
        'событие вызвало больше переходов, чем позволяет `settings.limits.hops`: потоки публикуют события друг другу по кругу',
      cure: 'оборвите эхо условием или увеличьте settings.limits.hops',
    },
    example: {
      wrong: 'trigger: { use: event, with: { types: [order.saved] } }\nsteps:\n  - { id: again, emit: { type: order.saved } }',
      right:
        'trigger: { use: event, with: { types: [order.saved] }, where: ${{ $not(trigger.data.echo = true) }} }\nsteps:\n  - { id: again, emit: { type: order.saved, data: { echo: true } } }',
    },
  },
  STATE_TOO_LARGE: {
    means: 'the state of the run, which travels with each message, is larger than 8 MiB',
    ru: {
      means: 'состояние прогона, которое едет с каждым сообщением, больше 8 МиБ',
      cure: 'результаты шагов слишком велики: оставьте только поля, которые нужны дальше',
    },
    example: {
      wrong: '- { id: all, use: http.request, connection: site, with: { method: GET, path: /catalogue } }',
      right: "- { id: page, use: http.request, connection: site, with: { method: GET, path: '/catalogue?limit=100' } }",
    },
  },
  BODY_TOO_LARGE: {
    means: 'the body of an event is larger than the limit of the flow or of the workspace',
    ru: {
      means: 'тело события больше предела потока или рабочей области',
      cure: 'увеличьте deliver.maxBody или settings.limits.event',
    },
    example: { wrong: 'deliver: { maxBody: 64KiB }   # the sender sends 1 MiB', right: 'deliver: { maxBody: 2MiB }' },
  },
  BODY_UNREADABLE: {
    means: 'the body of an event cannot be read as what its content type says',
    ru: {
      means: 'тело события не читается как то, что называет его тип содержимого',
      cure: 'тело не соответствует своему Content-Type',
    },
    example: {
      wrong: "curl -d 'number=5' -H 'Content-Type: application/json' …",
      right: "curl -d '{\"number\":5}' -H 'Content-Type: application/json' …",
    },
  },
  NOT_PARKED: {
    means: 'no run with this id is parked: it was replayed or dropped, or never failed',
    ru: {
      means: 'прогон с таким id не отложен: его повторили, отбросили, или он не завершался ошибкой',
      cure: '`sluice parked ls` перечисляет отложенные прогоны',
    },
    example: { wrong: 'sluice parked show 00000000', right: 'sluice parked ls' },
  },
  REPLAY_REFUSED: {
    means: 'the run cannot be replayed any more: another operator was faster, or a newer release wrote its state',
    ru: {
      means: 'прогон уже нельзя повторить: другой оператор успел раньше, или его состояние записал более новый выпуск',
      cure: '`sluice find` с id прогона показывает, что с ним стало',
    },
    example: { wrong: 'sluice parked replay RUN   # twice', right: 'sluice find RUN' },
  },
  REPLY_LATE: {
    means: 'the sender waits for a reply, and the run has not replied within the wait of the trigger; the run goes on',
    ru: {
      means: 'отправитель ждёт ответа, а прогон не ответил за время ожидания триггера; прогон продолжается',
      cure: 'спросите ещё раз с тем же Idempotency-Key или ждите дольше',
    },
    example: {
      wrong: 'trigger: { use: http.endpoint, with: { path: /in/price, respond: reply, wait: 1s } }',
      right: 'trigger: { use: http.endpoint, with: { path: /in/price, respond: reply, wait: 30s } }',
    },
  },
  POISON: {
    means:
      'the host died several times while it worked on this event, or the event cannot be read; the run is parked so that the others go on',
    ru: {
      means: 'хост несколько раз упал на этом событии, или событие не читается; прогон отложен, чтобы остальные шли дальше',
      cure: 'сообщите об этом вместе с отложенным прогоном',
    },
    example: {
      wrong: 'sluice parked replay RUN   # without a look at it: the host may die again',
      right: 'sluice parked show RUN     # then report it, and replay it on a corrected release',
    },
  },
  FLOW_CHANGED: {
    means: 'a run waits at a step that the flow, its connection or its plugin does not have any more',
    ru: {
      means: 'прогон ждёт на шаге, которого больше нет у потока, подключения или плагина',
      cure: 'верните шаг и повторите прогон; или повторите с --from-start, что может повторить вызовы под другими id; или отбросьте его',
    },
    example: {
      wrong: 'steps: []             # the step "save" was deleted while runs waited at it',
      right: `steps:\n  ${CALL.replaceAll('\n', '\n  ')}`,
    },
  },
  EVENT_TYPE: {
    means: 'the type of an event is not words of letters, digits, _ and - joined by dots',
    ru: {
      means: 'тип события — не слова из букв, цифр, _ и -, соединённые точками',
      cure: 'пишите слова из букв, цифр, _ и - через точки: order.created',
    },
    example: { wrong: "emit: { type: 'order created' }", right: 'emit: { type: order.created }' },
  },
  PARKED_FULL: {
    means: 'the parked runs take more than `settings.limits.parked`, so no event is accepted until there is room',
    ru: {
      means: 'отложенные прогоны занимают больше `settings.limits.parked`, поэтому новые события не принимаются',
      cure: 'исправьте, повторите или отбросьте отложенные прогоны (sluice parked ls) или увеличьте settings.limits.parked; затем отправьте событие снова',
    },
    example: { wrong: 'settings: { limits: { parked: 1MiB } }', right: 'settings: { limits: { parked: 1GiB } }' },
  },
  BUS_UNAVAILABLE: {
    means: 'RabbitMQ, or the database that replaces it, cannot be reached or does not confirm in time',
    ru: {
      means: 'RabbitMQ или база, которая его заменяет, недоступны или не подтверждают вовремя',
      cure: 'проверьте, что брокер сообщений работает, например командой sluice doctor',
    },
    example: {
      wrong: 'SLUICE_RABBITMQ_URL=amqp://rabbit:1 sluice run',
      right: 'SLUICE_RABBITMQ_URL=amqp://rabbit:5672 sluice run',
    },
  },
  STORE_UNAVAILABLE: {
    means: 'PostgreSQL cannot be reached, or refuses the statement for a reason that passes',
    ru: {
      means: 'PostgreSQL недоступен или временно отклоняет запрос',
      cure: 'проверьте, что PostgreSQL работает, например командой sluice doctor',
    },
    example: {
      wrong: 'SLUICE_DATABASE_URL=postgres://db:1/sluice sluice run',
      right: 'SLUICE_DATABASE_URL=postgres://db:5432/sluice sluice run',
    },
  },
  CONFIG_INVALID: {
    means: 'the configuration of the host, of the workspace or of a connection cannot work; the message names the place',
    ru: {
      means: 'настройка хоста, рабочей области или подключения не может работать; сообщение называет место',
      cure: 'исправьте настройку',
    },
    example: { wrong: 'SLUICE_HTTP_PORT=http sluice run', right: 'SLUICE_HTTP_PORT=3000 sluice run' },
  },
  PACER_UNAVAILABLE: {
    means: 'Redis, which holds the slots of paced connections, cannot be reached',
    ru: {
      means: 'Redis, который хранит места подключений с темпом, недоступен',
      cure: 'проверьте, что сервер темпа работает, например командой sluice doctor',
    },
    example: { wrong: 'SLUICE_REDIS_URL=redis://redis:1 sluice run', right: 'SLUICE_REDIS_URL=redis://redis:6379 sluice run' },
  },
};

/** Pages of the errors that all connectors share. */
export const SHARED_PAGES: Readonly<Record<keyof typeof SHARED_CODES | 'UNEXPECTED' | 'INTERNAL', ErrorPage>> = {
  UNREACHABLE: {
    means: 'the remote system cannot be reached: no address, no route, or nobody listens at the port',
    ru: {
      means: 'удалённая система недоступна: нет адреса, нет маршрута, или порт никто не слушает',
      cure: 'проверьте адрес, сеть и то, что удалённая система работает',
    },
    example: {
      wrong: 'erp: { use: onec-http, with: { baseUrl: http://erp:8888/base/hs/gate } }   # nothing listens there',
      right: 'erp: { use: onec-http, with: { baseUrl: http://erp/base/hs/gate } }',
    },
  },
  TIMED_OUT: {
    means: 'the remote system did not answer within `timeout` of the connection',
    ru: {
      means: 'удалённая система не ответила за `timeout` подключения',
      cure: 'увеличьте timeout подключения или выясните, почему удалённая система медленная',
    },
    example: {
      wrong: 'erp: { use: onec-http, with: { baseUrl: http://erp/base/hs/gate, timeout: 1s } }',
      right: 'erp: { use: onec-http, with: { baseUrl: http://erp/base/hs/gate, timeout: 60s } }',
    },
  },
  OVERLOADED: {
    means: 'the remote system refuses calls because it has too many (such as HTTP 429 or 503)',
    ru: {
      means: 'удалённая система отказывает, потому что вызовов слишком много (например, HTTP 429 или 503)',
      cure: 'ничего не нужно: движок сам снижает темп',
    },
    example: {
      wrong: 'erp: { use: onec-http, with: {…}, pace: { concurrency: { max: 100 } } }',
      right: 'erp: { use: onec-http, with: {…}, pace: { concurrency: { start: 2, max: 10, adaptive: true } } }',
    },
  },
  UNAUTHORIZED: {
    means: 'the remote system refuses the user or the password, or the user lacks a right',
    ru: {
      means: 'удалённая система не принимает пользователя или пароль, либо у пользователя нет права',
      cure: 'проверьте пользователя и пароль подключения и их права',
    },
    example: { wrong: 'ERP_PASSWORD=old sluice run', right: 'ERP_PASSWORD=… sluice run   # then: sluice doctor' },
  },
  NOT_FOUND: {
    means: 'the remote system has no such path, service or method',
    ru: {
      means: 'в удалённой системе нет такого пути, сервиса или метода',
      cure: 'проверьте путь, сервис или имя метода',
    },
    example: { wrong: 'with: { method: Svae }', right: 'with: { method: Save }   # as the HTTP service of 1C names it' },
  },
  REJECTED: {
    means: 'the remote system understood the call and refuses its data',
    ru: {
      means: 'удалённая система поняла вызов и отказывается от этих данных',
      cure: 'исправьте данные и повторите прогон',
    },
    example: { wrong: "with: { method: Save, data: { number: '' } }", right: "with: { method: Save, data: { number: '0001' } }" },
  },
  BAD_ANSWER: {
    means: 'an answer arrived that the connector cannot read: another content type, a web page, or broken data',
    ru: {
      means: 'пришёл ответ, который коннектор не может прочитать: другой тип, веб-страница или испорченные данные',
      cure: 'коннектор не понимает ответ: смотрите details',
    },
    example: {
      wrong: 'erp: { use: onec-http, with: { baseUrl: http://erp/ } }   # the page of the web server answers',
      right: 'erp: { use: onec-http, with: { baseUrl: http://erp/base/hs/gate } }',
    },
  },
  UNEXPECTED: {
    means: 'something threw an error without a code: a mistake in a connector or in Sluice; the call is repeated',
    ru: {
      means: 'возникла ошибка без кода: это ошибка в коннекторе или в Sluice; вызов повторяется',
      cure: 'посмотрите причину и журнал хоста и сообщите автору коннектора',
    },
    example: {
      wrong: "run: async () => { throw new Error('no route') }",
      right: "run: async () => { throw fail.UNREACHABLE('no route', { sent: 'no' }) }",
    },
  },
  INTERNAL: {
    means: 'a request to the host failed inside the host; the answer does not contain the reason, its log does',
    ru: {
      means: 'запрос к хосту завершился ошибкой внутри хоста; причины в ответе нет, она в журнале хоста',
      cure: 'прочитайте журнал хоста и повторите запрос',
    },
    example: {
      wrong: 'curl …   # 500 {"code":"INTERNAL"}',
      right: 'SLUICE_LOG_LEVEL=debug sluice run   # then send the request again',
    },
  },
};

/** Pages of the errors about bodies. */
export const BODY_PAGES: Readonly<Record<keyof typeof BODY_CODES, ErrorPage>> = {
  BODY_INVALID: {
    means: 'the body does not match its Content-Type: JSON is broken, a key occurs twice, or bytes are not of the charset',
    ru: {
      means: 'тело не соответствует Content-Type: испорченный JSON, повторный ключ или байты не из этой кодировки',
      cure: 'отправьте тело, которое соответствует своему Content-Type',
    },
    example: {
      wrong: "curl -d '{number: 5}' -H 'Content-Type: application/json' …",
      right: "curl -d '{\"number\": 5}' -H 'Content-Type: application/json' …",
    },
  },
  MEDIA_TYPE: {
    means: 'a body of this type or encoding cannot be read',
    ru: { means: 'тело такого типа или в такой кодировке не читается', cure: 'отправьте JSON, XML, текст или форму' },
    example: {
      wrong: "curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' …",
      right: 'curl -d \'{"url": "http://files/photo.jpg"}\' -H \'Content-Type: application/json\' …',
    },
  },
};
