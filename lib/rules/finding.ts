/** A problem before it has its position. `atKey`: it is the key that is wrong, not the value. */
export interface Finding {
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly atKey?: boolean;
}

/** Takes the problems of one rule as they are found; their paths begin within the rule: `when.type`. */
export type Report = (finding: Finding) => void;
