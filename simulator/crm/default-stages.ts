import { EntityType, quoteTypeId } from '../../lib/bitrix24/entity-types.ts';
import { SMART_INVOICE } from './record-types.ts';

export interface NewStage {
  /** With or without the pipeline's prefix: `UC_7K2M` and `C5:UC_7K2M` are the same in pipeline 5. */
  readonly id: string;
  readonly name: string;
  /** Default: the place in the list × 10. */
  readonly sort?: number;
}

const DEAL_STAGES: readonly NewStage[] = [
  { id: 'NEW', name: 'New' },
  { id: 'PREPARATION', name: 'Preparing documents' },
  { id: 'PREPAYMENT_INVOICE', name: 'Prepayment invoice' },
  { id: 'EXECUTING', name: 'In progress' },
  { id: 'FINAL_INVOICE', name: 'Final invoice' },
  { id: 'WON', name: 'Deal won' },
  { id: 'LOSE', name: 'Deal lost' },
  { id: 'APOLOGY', name: 'Analyse the failure' },
];

const LEAD_STAGES: readonly NewStage[] = [
  { id: 'NEW', name: 'Unassigned' },
  { id: 'IN_PROCESS', name: 'In work' },
  { id: 'PROCESSED', name: 'Processed' },
  { id: 'CONVERTED', name: 'Good lead' },
  { id: 'JUNK', name: 'Junk lead' },
];

/** What `N` means is documented; paid and unpaid are the source's codes. */
const INVOICE_STAGES: readonly NewStage[] = [
  { id: 'N', name: 'New' },
  { id: 'S', name: 'Sent to client' },
  { id: 'P', name: 'Paid' },
  { id: 'D', name: 'Unpaid' },
];

const QUOTE_STAGES: readonly NewStage[] = [
  { id: 'DRAFT', name: 'New' },
  { id: 'SENT', name: 'Sent to client' },
  { id: 'APPROVED', name: 'Accepted' },
  { id: 'DECLAINED', name: 'Declined' },
];

const ITEM_STAGES: readonly NewStage[] = [
  { id: 'NEW', name: 'Start' },
  { id: 'PREPARATION', name: 'Preparation' },
  { id: 'CLIENT', name: 'Waiting for client' },
  { id: 'SUCCESS', name: 'Success' },
  { id: 'FAIL', name: 'Failure' },
];

const STAGES: Readonly<Record<number, readonly NewStage[]>> = {
  [EntityType.lead]: LEAD_STAGES,
  [EntityType.deal]: DEAL_STAGES,
  [quoteTypeId]: QUOTE_STAGES,
  [SMART_INVOICE]: INVOICE_STAGES,
};

export function defaultStages(entityTypeId: number): readonly NewStage[] {
  return STAGES[entityTypeId] ?? ITEM_STAGES;
}
