/**
 * A deal stage's code in its one form: bare in pipeline 0 (`LOSE`), with the pipeline's prefix in every other
 * (`C5:LOSE`). The portal's own lists give both forms for pipelines other than 0.
 */
export function canonicalStage(pipelineId: number, code: string): string {
  const bare = code.replace(/^C0:/, '');
  return pipelineId === 0 || bare.includes(':') ? bare : `C${pipelineId}:${bare}`;
}
