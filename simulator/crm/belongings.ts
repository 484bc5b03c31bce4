import {
  type Address,
  type BankDetail,
  type BelongingsOfRecord,
  nextId,
  type PortalState,
  type ProductRow,
  type Requisite,
} from '../state.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What belongs to a record and goes with it: requisites with their bank details and addresses, product rows. */
export class Belongings {
  readonly #state: PortalState;

  constructor(state: PortalState) {
    this.#state = state;
  }

  get requisites(): readonly Requisite[] {
    return this.#state.requisites;
  }

  get bankDetails(): readonly BankDetail[] {
    return this.#state.bankDetails;
  }

  get addresses(): readonly Address[] {
    return this.#state.addresses;
  }

  addRequisite(entityTypeId: number, entityId: number, fields: Fields): number {
    const id = nextId(this.#state, 'requisite');
    this.#state.requisites.push({ id, entityTypeId, entityId, fields: { ...fields } });
    return id;
  }

  addBankDetail(requisiteId: number, fields: Fields): number {
    const id = nextId(this.#state, 'bank detail');
    this.#state.bankDetails.push({ id, requisiteId, fields: { ...fields } });
    return id;
  }

  /** False when the requisite has an address of that type. */
  addAddress(requisiteId: number, typeId: number, fields: Fields): boolean {
    const isThere = this.#state.addresses.some((one) => one.requisiteId === requisiteId && one.typeId === typeId);
    if (!isThere) this.#state.addresses.push({ requisiteId, typeId, fields: { ...fields } });
    return !isThere;
  }

  productRows(entityTypeId: number, id: number): readonly ProductRow[] {
    return this.#state.productRows[`${entityTypeId}:${id}`] ?? [];
  }

  /** Replaces the whole set; a row that names none of the owner's rows is a new one. */
  setProductRows(entityTypeId: number, id: number, rows: readonly { id?: number; fields: Fields }[]): void {
    const known = new Set(this.productRows(entityTypeId, id).map((row) => row.id));
    const key = `${entityTypeId}:${id}`;
    if (rows.length === 0) delete this.#state.productRows[key];
    else {
      this.#state.productRows[key] = rows.map((row) => ({
        id: row.id !== undefined && known.has(row.id) ? row.id : nextId(this.#state, 'product row'),
        fields: { ...row.fields },
      }));
    }
  }

  /** Removes what belongs to the record, and gives it. */
  take(entityTypeId: number, id: number): BelongingsOfRecord {
    const state = this.#state;
    const requisites = state.requisites.filter((one) => one.entityTypeId === entityTypeId && one.entityId === id);
    const ids = new Set(requisites.map((one) => one.id));
    const ofThese = ({ requisiteId }: { requisiteId: number }) => ids.has(requisiteId);
    const bankDetails = state.bankDetails.filter(ofThese);
    const addresses = state.addresses.filter(ofThese);
    const productRows = [...this.productRows(entityTypeId, id)];
    if (ids.size > 0) {
      state.requisites = state.requisites.filter((one) => !ids.has(one.id));
      state.bankDetails = state.bankDetails.filter((one) => !ofThese(one));
      state.addresses = state.addresses.filter((one) => !ofThese(one));
    }
    delete state.productRows[`${entityTypeId}:${id}`];
    return { requisites, bankDetails, addresses, productRows };
  }

  /** Gives the record what another one had: with the ids it had. */
  give(
    entityTypeId: number,
    id: number,
    { requisites, bankDetails, addresses, productRows }: BelongingsOfRecord,
  ): void {
    this.#state.requisites.push(...requisites.map((one) => ({ ...one, entityTypeId, entityId: id })));
    this.#state.bankDetails.push(...bankDetails);
    this.#state.addresses.push(...addresses);
    if (productRows.length > 0) this.#state.productRows[`${entityTypeId}:${id}`] = [...productRows];
  }

  clear(): void {
    Object.assign(this.#state, { requisites: [], bankDetails: [], addresses: [], productRows: {} });
  }
}
