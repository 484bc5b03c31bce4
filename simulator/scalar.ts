/** A plain value as PHP puts it into text, `yes` and `no` standing for true and false; anything else is empty. */
export function scalarText(value: unknown, yes = '1', no = '0'): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return value.toString();
  if (typeof value === 'boolean') return value ? yes : no;
  return '';
}
