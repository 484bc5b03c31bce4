import type { Language } from './options.ts';

/** Texts a portal writes in its own language: a client that matches them instead of the code fails on the other language. */
const TEXTS = {
  itemNotFound: { en: 'Item not found', ru: 'Элемент не найден' },
  typeNotFound: { en: 'SPA not found', ru: 'Смарт-процесс не найден' },
  elementNotFound: { en: 'Element not found', ru: 'Элемент не найден' },
  accessDenied: { en: 'Access denied', ru: 'Доступ запрещен' },
  stageInvalid: { en: 'The value of the "Stage" field is invalid', ru: 'Неверное значение поля «Стадия»' },
} as const;

export function localized(text: keyof typeof TEXTS, language: Language): string {
  return TEXTS[text][language];
}
