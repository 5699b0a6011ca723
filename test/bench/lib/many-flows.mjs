// Flow files for measurements of the linter: realistic flows whose names, fields and texts differ from flow to flow.

/** Flows that one file contains, each of about 40 lines. */
const SHAPES = [order, call, sync, payment];

/**
 * Returns the text of the flow with this number. Flows of different numbers share their structure, not their names.
 *
 * @param {number} number
 */
export function flowText(number) {
  return SHAPES[number % SHAPES.length](number);
}

/** sluice.yaml for these flows. */
export const WORKSPACE = `sluice: 1
plugins:
  - '@sluice/plugin-http'
  - '@sluice/plugin-onec-http'
  - '@sluice/plugin-tcp-gateway'
settings:
  timezone: Europe/Moscow
vars:
  warehouse: main
connections:
  erp:
    use: onec-http
    with: { baseUrl: 'http://127.0.0.1:8081/base/hs/gate' }
  desktops:
    use: tcp-gateway
`;

function order(n) {
  return `sluice: 1
flow: order-${n}
description: Заказ с сайта № ${n} становится документом
trigger:
  use: http.endpoint
  with: { method: POST, path: /in/orders/${n} }
deliver:
  expires: 1h
  dedupe:
    key: ${n}/\${{ trigger.data.number${n} }}
    within: 30d
steps:
  - id: draft
    if: \${{ (trigger.data.status${n} ?? "new") = "draft" }}
    stop: { reason: черновик ${n} }
  - id: save
    use: onec-http.call
    connection: erp
    with:
      method: SaveOrder${n}
      data:
        Номер: \${{ trigger.data.number${n} }}
        Дата: \${{ trigger.data.date${n} }}
        Контрагент:
          Наименование: \${{ trigger.data.customer${n}.name }}
          ИНН: \${{ trigger.data.customer${n}.inn ?? $omit }}
          Телефон: \${{ $phone(trigger.data.customer${n}.phone) ?? null }}
        Товары: >-
          \${{ [trigger.data.lines${n}.{ "Артикул": article, "Количество": quantity, "Сумма": $decimal(quantity * $decimal(price), ${n % 3}) }] }}
  - id: saved
    emit:
      type: order${n}.saved
      subject: \${{ trigger.data.number${n} }}
      data: { number: '\${{ trigger.data.number${n} }}', document: '\${{ steps.save.Номер${n} }}' }
tests:
  - name: the order ${n} is saved
    trigger: { data: { number${n}: S-${n}, date${n}: '2026-02-01T10:00:00', customer${n}: { name: Иванов }, lines${n}: [] } }
    mocks: { save: { output: { Номер${n}: ЭМ-${n} } } }
    expect: { outcome: done, events: [{ type: order${n}.saved, data: { document: ЭМ-${n} } }] }
`;
}

function call(n) {
  return `sluice: 1
flow: saved-${n}
description: Менеджер видит номер документа ${n}
trigger:
  use: event
  with: { types: [order${n - 1}.saved] }
deliver:
  expires: 10m
  retry: { attempts: 5, initial: 2s }
steps:
  - id: party
    use: onec-http.call
    connection: erp
    priority: interactive
    timeout: 2s # вместе с ожиданием очереди
    with:
      method: FindCounterparty${n}
      data: { Телефон: '\${{ $phone(trigger.data.from${n}) ?? "" }}' }
    onError:
      - when: \${{ error.fate != "rejected" }}
        output: { Наименование${n}: Неизвестный номер }
  - id: show
    use: tcp-gateway.send
    connection: desktops
    with:
      to: { user: '\${{ trigger.data.manager${n} }}' }
      event: order.saved${n}
      data: { title: '\${{ steps.party.Наименование${n} }}', number: 'Заказ \${{ trigger.data.number${n} }}' }
  - id: done
    emit:
      type: order${n}.shown
      data:
        manager: \${{ trigger.data.manager${n} }}
        at: \${{ $fromMillis($millis(), "[Y0001]-[M01]-[D01]", "+0300") }}
        title: '\${{ "Показан: " & (trigger.data.title${n} ?? "") }}'
tests:
  - name: the manager of order ${n} is told
    trigger: { data: { number${n}: S-${n}, manager${n}: petrova, from${n}: '84951234567' } }
    mocks: { party: { output: { Наименование${n}: Ромашка } }, show: { output: {} } }
    expect: { calls: { show: { to: { user: petrova } } } }
`;
}

function sync(n) {
  return `sluice: 1
flow: sync-${n}
description: Документ вида ${n} повторяется в другой базе
trigger:
  use: event
  with: { types: [order${n - 1}.shown] }
vars:
  base${n}: ut
  limits${n}: { small: ${n}, large: ${n * 10} }
steps:
  - id: body
    set:
      Источник: \${{ trigger.data.base${n} ?? vars.base${n} }}
      Вид: \${{ trigger.data.kind${n} ?? "Заказ" }}
      Склад: \${{ vars.warehouse }}
      Крупный: \${{ (trigger.data.sum${n} ?? 0) > vars.limits${n}.large }}
  - id: route
    switch:
      cases:
        - when: \${{ steps.body.Источник = "ut" }}
          steps:
            - id: toAccounting
              use: onec-http.call
              connection: erp
              with: { method: SaveDocument${n}, data: '\${{ steps.body }}' }
        - when: \${{ steps.body.Источник = "bp${n}" }}
          steps:
            - id: toErp
              use: onec-http.call
              connection: erp
              with: { method: SaveDocumentErp${n}, data: '\${{ steps.body }}' }
      otherwise:
        - id: unknown
          stop: { reason: 'база \${{ steps.body.Источник }} не описана' }
  - id: synced
    emit:
      type: order${n}.synced
      subject: \${{ trigger.subject ?? "${n}" }}
      data: { to: '\${{ $exists(steps.toErp) ? "ut" : "bp" }}', kind: '\${{ steps.body.Вид }}' }
tests:
  - name: document ${n} goes to the accounting
    trigger: { data: { base${n}: ut, kind${n}: Реализация, sum${n}: 100 } }
    expect: { outcome: done, calls: { toErp: [] } }
`;
}

function payment(n) {
  return `sluice: 1
flow: payment-${n}
description: Оплата ${n} из кассы
trigger:
  use: event
  with: { types: [order${n - 1}.synced, 'payment.${n}.*'] }
deliver:
  key: \${{ trigger.data.object${n}.id }}
  expires: 30s
  onExhausted: park
steps:
  - id: ignored
    if: \${{ $not((trigger.data.event${n} ?? "") = "payment.succeeded") }}
    stop: { reason: событие не про оплату ${n} }
  - id: accepted
    set: { number: '\${{ trigger.data.object${n}.id }}', event: '\${{ trigger.data.event${n} }}' }
  - id: post
    use: onec-http.call
    connection: erp
    priority: bulk
    with:
      method: PostPayment${n}
      data:
        Платёж: \${{ trigger.data.object${n}.id }}
        Сумма: \${{ $decimal(trigger.data.object${n}.amount.value, 2) }}
        Валюта: \${{ trigger.data.object${n}.amount.currency }}
        Комиссия: >-
          \${{ $exists(trigger.data.object${n}.income)
              ? $decimal($decimal(trigger.data.object${n}.amount.value) - $decimal(trigger.data.object${n}.income), 2)
              : 0 }}
  - id: told
    use: tcp-gateway.send
    connection: desktops
    with:
      to: { user: '\${{ trigger.data.cashier${n} ?? "cashier" }}' }
      event: payment.posted
      data: { id: '\${{ steps.accepted.number }}', sum: '\${{ $decimal(trigger.data.object${n}.amount.value, 2) }}' }
tests:
  - name: payment ${n} as text, exact to the kopeck
    trigger: { data: { event${n}: payment.succeeded, object${n}: { id: p${n}, amount: { value: '1 234,50', currency: RUB } } } }
    expect: { calls: { post: { data: { Сумма: 1234.5 } } } }
`;
}
