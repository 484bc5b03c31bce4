import type { Fact, FactGroup } from '../fact.ts';

const changes = ['add', 'update', 'delete'] as const;
const types = ['contact', 'company', 'lead'] as const;

const otherRecords: readonly Fact[] = [
  ...types.flatMap((type) =>
    changes.map((change) => ({
      id: `event/${type}-${change}`,
      says: `\`ONCRM${type.toUpperCase()}${change.toUpperCase()}\`: names a record of another type`,
    })),
  ),
  ...changes.flatMap((change) => [
    {
      id: `event/dynamic-item-${change}`,
      says: `\`ONCRMDYNAMICITEM${change.toUpperCase()}\`: the type stands in the body`,
    },
    {
      id: `event/dynamic-item-${change}/by-type`,
      says: `\`ONCRMDYNAMICITEM${change.toUpperCase()}_177\`: the type stands in the name`,
    },
  ]),
  { id: 'event/smart-invoice-update', says: '`ONCRMDYNAMICITEMUPDATE` of type 31: a smart invoice' },
];

export const eventFacts: FactGroup = {
  title: 'Events',
  facts: [
    { id: 'event/deal-add', says: '`ONCRMDEALADD`: may be lost from the start' },
    { id: 'event/deal-update/app-user', says: '`ONCRMDEALUPDATE` to an app, with the token of whoever acted' },
    { id: 'event/deal-update/app-no-user', says: '`ONCRMDEALUPDATE` to an app, by a robot: without any user token' },
    { id: 'event/deal-update/webhook', says: '`ONCRMDEALUPDATE` to an outgoing webhook: application token only' },
    { id: 'event/deal-update/no-endpoints', says: 'an outgoing webhook may name neither endpoint' },
    { id: 'event/deal-update/any-change', says: '`ONCRMDEALUPDATE` says nothing of what has changed' },
    { id: 'event/deal-delete', says: '`ONCRMDEALDELETE`: nothing is left to do' },
    { id: 'event/deal-move-to-category', says: '`ONCRMDEALMOVETOCATEGORY`: another pipeline, told to apps only' },
    {
      id: 'event/deal-move-to-category/and-update',
      says: 'the same, with `ONCRMDEALUPDATE` beside it on some portals',
    },
    { id: 'event/deal-move-to-category/webhook', says: 'a webhook never hears of it: found by reconciliation' },
    ...otherRecords,
    { id: 'event/unknown', says: 'an event by any other name' },
    { id: 'event/app-install', says: '`ONAPPINSTALL`: brings both tokens, proved at the authorization server' },
    { id: 'event/app-install/again', says: '`ONAPPINSTALL` again: new tokens, bindings dropped' },
    { id: 'event/app-install/frame', says: 'the form that opens an app with an interface' },
    { id: 'event/app-update/new-token', says: '`ONAPPUPDATE` with a new application token' },
    { id: 'event/app-update/same-token', says: '`ONAPPUPDATE` without one: bindings dropped' },
    { id: 'event/app-update/unproved', says: '`ONAPPUPDATE` with a new application token and nothing to prove it by' },
    { id: 'event/app-uninstall', says: '`ONAPPUNINSTALL`: no tokens, the application token is its only proof' },
    { id: 'event/app-uninstall/forged', says: '`ONAPPUNINSTALL` by somebody else' },
    { id: 'event/app-payment/ended', says: '`ONAPPPAYMENT` without an application token: the paid period has ended' },
    { id: 'event/app-payment/begun', says: '`ONAPPPAYMENT`: it is paid again; ends the pause' },
    { id: 'event/app-test', says: '`ONAPPTEST`' },
    { id: 'event/offline-event', says: '`ONOFFLINEEVENT`' },
    { id: 'event/delivery/twice', says: 'the same event may come twice, or several of one change' },
    { id: 'event/delivery/order', says: 'events come in no promised order' },
    { id: 'event/delivery/lost', says: 'an event that was lost is never sent again' },
    {
      id: 'event/delivery/forged',
      says: 'nothing is signed: a wrong application token is dropped, the sender is told nothing',
    },
  ],
};
