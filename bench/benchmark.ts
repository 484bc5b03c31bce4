/** One benchmark of `npm run bench`. */
export interface Benchmark {
  /** What it measures, in a line. */
  readonly title: string;
  /** `progress`: told in a few words how far it is. */
  run(progress: (text: string) => void): Promise<BenchmarkResult>;
}

export interface BenchmarkResult {
  readonly tables: readonly ResultTable[];
  /** How it was measured: whatever somebody needs who wants to get the same numbers. */
  readonly settings: Readonly<Record<string, string | number>>;
}

export interface ResultTable {
  readonly title: string;
  readonly headings: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}
