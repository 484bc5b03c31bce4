import type { MethodTable, RestMethod } from '../rest/method.ts';
import { accountMethods } from './account-methods.ts';
import { companyLinkMethods } from './company-link-methods.ts';
import { contactLinkMethods } from './contact-link-methods.ts';
import { contactMethods } from './contact-methods.ts';
import { dealMethods } from './deal-methods.ts';
import { directoryMethods } from './directory-methods.ts';
import { duplicateMethods } from './duplicate-methods.ts';
import { eventMethods } from './event-methods.ts';
import { historyMethods } from './history-methods.ts';
import { itemMethods } from './item-methods.ts';
import { productRowMethods } from './product-row-methods.ts';
import { requisiteMethods } from './requisite-methods.ts';
import { timelineMethods } from './timeline-methods.ts';
import { typeMethods } from './type-methods.ts';

const METHODS: MethodTable = {
  ...accountMethods(() => [...Object.keys(METHODS), 'batch']),
  ...eventMethods,
  ...itemMethods,
  ...dealMethods,
  ...contactLinkMethods,
  ...contactMethods,
  ...directoryMethods,
  ...duplicateMethods,
  ...historyMethods,
  ...typeMethods,
  ...companyLinkMethods,
  ...duplicateMethods,
  ...productRowMethods,
  ...requisiteMethods,
  ...timelineMethods,
};

/** By name in lower case; `batch` is not a method of this table but a way to call several of them. */
export function findMethod(name: string): RestMethod | undefined {
  return Object.hasOwn(METHODS, name) ? METHODS[name] : undefined;
}
