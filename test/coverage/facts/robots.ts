import type { FactGroup } from '../fact.ts';

export const robotFacts: FactGroup = {
  title: 'Robots',
  facts: [
    { id: 'robot/webhook', says: 'the built-in webhook robot: a document and no token, a secret in its URL' },
    { id: 'robot/webhook/wrong-key', says: 'the built-in webhook robot with a wrong secret' },
    { id: 'robot/app', says: "an app's robot: the application token as in an event" },
    { id: 'robot/document/lead', says: '`LEAD_7`' },
    { id: 'robot/document/deal', says: '`DEAL_101`' },
    { id: 'robot/document/contact', says: '`CONTACT_5`' },
    { id: 'robot/document/company', says: '`COMPANY_3`' },
    { id: 'robot/document/dynamic', says: '`DYNAMIC_177_12`' },
    { id: 'robot/document/smart-invoice', says: '`SMART_INVOICE_9`' },
    { id: 'robot/document/smart-invoice-as-dynamic', says: '`DYNAMIC_31_54`' },
    { id: 'robot/document/signing', says: '`SMART_B2E_DOC_6`' },
    { id: 'robot/document/as-object', says: '`document_id` with numeric keys in any order' },
  ],
};
