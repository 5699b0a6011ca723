import type { HOST_CODES } from '@sluice/host/failures';
import type { ErrorPage } from './error-page.js';

const URL = 'http://sluice:3000/in/order';

/** Pages of the reasons for refusing an HTTP request. */
export const HTTP_PAGES: Readonly<Record<keyof typeof HOST_CODES, ErrorPage>> = {
  TOKEN_MISSING: {
    means: 'the request has no token, and its route requires one',
    ru: {
      means: 'в запросе нет токена, а путь его требует',
      cure: 'добавьте заголовок Authorization: Bearer TOKEN; токен выдаёт `npx sluice token --sub me`',
    },
    example: { wrong: `curl -d '{}' ${URL}`, right: `curl -d '{}' -H "Authorization: Bearer $TOKEN" ${URL}` },
  },
  TOKEN_INVALID: {
    means: 'the token is malformed, expired, revoked, or signed with another key',
    ru: {
      means: 'токен испорчен, просрочен, отозван или подписан другим ключом',
      cure: 'отправьте другой токен: `npx sluice token --sub me`; токену вашего издателя нужны его имя в `kid`, HS256 и `exp`',
    },
    example: { wrong: 'curl -H "Authorization: Bearer old" …', right: 'TOKEN=$(npx sluice token --sub me)' },
  },
  FORBIDDEN: {
    means: 'the token lacks the scope, or its issuer may not publish this type of event',
    ru: {
      means: 'у токена нет нужного права, или его издателю нельзя публиковать события этого типа',
      cure: 'запросите токен с этим правом у издателя, которому оно разрешено',
    },
    example: { wrong: 'npx sluice token --sub shop --scope viewer', right: 'npx sluice token --sub shop --scope events:write' },
  },
  NO_ROUTE: {
    means: 'no flow has an endpoint with this path',
    ru: { means: 'ни у одного потока нет точки приёма с таким путём', cure: 'посмотрите пути триггеров http.endpoint в flows/' },
    example: { wrong: "curl -d '{}' http://sluice:3000/in/ordr", right: `curl -d '{}' ${URL}` },
  },
  METHOD_NOT_ALLOWED: {
    means: 'the path exists, with another method',
    ru: { means: 'путь есть, но с другим методом', cure: 'используйте метод триггера http.endpoint' },
    example: { wrong: `curl ${URL}`, right: `curl -X POST -d '{}' ${URL}` },
  },
  TOO_MANY_BODIES: {
    means: 'the bodies that are being read at this moment take all the memory that is reserved for them',
    ru: {
      means: 'тела, которые сейчас читаются, занимают всю отведённую им память',
      cure: 'повторите запрос после `retry-after` и отправляйте меньше больших запросов сразу',
    },
    example: {
      wrong: `seq 100 | xargs -P 100 -I{} curl --data-binary @4mib.json ${URL}`,
      right: `seq 100 | xargs -P 4 -I{} curl --data-binary @4mib.json ${URL}`,
    },
  },
  HEADERS_TOO_LARGE: {
    means: 'the path, the query and the headers together are larger than 16 KiB',
    ru: {
      means: 'путь, запрос и заголовки вместе больше 16 КиБ',
      cure: 'отправляйте не больше 16 КиБ заголовков вместе с путём и запросом',
    },
    example: { wrong: `curl "${URL}?list=…20,000 characters…"`, right: `curl -d '{"list": […]}' ${URL}` },
  },
  REQUEST_LATE: {
    means: 'the request did not arrive as a whole in time',
    ru: {
      means: 'запрос не пришёл целиком вовремя',
      cure: 'отправьте весь запрос за время, которое называет руководство по эксплуатации',
    },
    example: { wrong: `curl --limit-rate 100 --data-binary @4mib.json ${URL}`, right: `curl --data-binary @4mib.json ${URL}` },
  },
  REQUEST_UNREADABLE: {
    means: 'the bytes that arrived are not HTTP/1.1, often TLS at a port without TLS',
    ru: {
      means: 'пришедшие байты — не HTTP/1.1, часто это TLS на порту без TLS',
      cure: 'отправляйте HTTP/1.1, а TLS — только на порт, который его ждёт',
    },
    example: { wrong: 'curl https://sluice:3000/health/ready', right: 'curl http://sluice:3000/health/ready' },
  },
  NO_RUN: {
    means: 'no run with this id is in the journal, in the records or among the parked runs',
    ru: {
      means: 'прогона с таким id нет ни в журнале, ни в записях, ни среди отложенных',
      cure: 'перечислите прогоны командой `npx sluice runs` и проверьте id; как долго прогоны известны, задаёт settings.retention.journal',
    },
    example: { wrong: 'sluice find 00000000', right: 'sluice runs --flow save-order' },
  },
  NOT_RECORDED: {
    means: 'the run is known, but what its steps got and returned was not recorded',
    ru: {
      means: 'прогон известен, но то, что получали и возвращали его шаги, не записано',
      cure: 'напишите в потоке `journal: full`, перезагрузите его и возьмите прогон, начатый после этого; срок хранения записей — settings.retention.steps',
    },
    example: { wrong: 'journal: changes', right: 'journal: full' },
  },
  NO_ISSUER: {
    means: 'neither sluice.yaml nor a registration has an issuer of this name',
    ru: { means: 'в sluice.yaml нет издателя с таким именем', cure: 'назовите издателя из sluice.yaml или operator' },
    example: {
      wrong: 'npx sluice token revoke --issuer shp --user me',
      right: 'npx sluice token revoke --issuer shop --user me',
    },
  },
  REPLY_INVALID: {
    means: 'a header of a `reply` step has a value that HTTP cannot carry',
    ru: {
      means: 'у заголовка шага `reply` значение, которого не бывает в HTTP',
      cure: 'закодируйте значение заголовка в шаге `reply`: латиница ASCII без переводов строк',
    },
    example: {
      wrong: 'reply: { headers: { x-name: Жук } }',
      right: "reply: { headers: { x-name: '${{ $encodeUrlComponent(trigger.data.name) }}' } }",
    },
  },
  WORKSPACE_INVALID: {
    means: 'the files of the workspace have errors, so the reload changed nothing',
    ru: {
      means: 'в файлах рабочей области ошибки, поэтому перезагрузка ничего не изменила',
      cure: 'исправьте файлы (места покажет `npx sluice lint`) и перезагрузите снова; до тех пор хост работает с прежними',
    },
    example: { wrong: 'sluice reload', right: 'sluice lint && sluice reload' },
  },
  RESTART_NEEDED: {
    means: 'the change concerns what a running host cannot change, such as its plugins',
    ru: {
      means: 'изменение касается того, чего работающий хост не меняет, например плагинов',
      cure: 'перезапустите хост: перезагрузка меняет только потоки, константы и подключения',
    },
    example: { wrong: 'sluice reload             # after a new line in plugins', right: 'systemctl restart sluice' },
  },
  STOPPING: {
    means: 'the host is stopping and accepts nothing new',
    ru: {
      means: 'хост останавливается и не принимает новое',
      cure: 'отправьте ещё раз: примет другой хост или этот после запуска',
    },
    example: {
      wrong: `curl -d '{}' ${URL}   # during a restart`,
      right: `curl --retry 5 --retry-all-errors -H 'Idempotency-Key: 17' -d '{}' ${URL}`,
    },
  },
};
