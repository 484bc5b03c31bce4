import { parseDocument, Pair, Scalar, YAMLMap, type ScalarTag, type CollectionTag, type YAMLSeq } from 'yaml';

/** The short forms of CloudFormation's functions that serverless.yml uses. Another one is a warning, hence an error. */
const scalarFunctions = ['Ref', 'GetAtt', 'Sub'] as const;
const listFunctions = ['Not', 'Equals'] as const;

function longForm(name: string, value: unknown): Record<string, unknown> {
  if (name === 'Ref') return { Ref: value };
  if (name === 'GetAtt' && typeof value === 'string') return { 'Fn::GetAtt': value.split('.') };
  return { [`Fn::${name}`]: value };
}

const scalarTags: ScalarTag[] = scalarFunctions.map((name) => ({
  tag: `!${name}`,
  resolve: (text: string) => longForm(name, text),
}));

const listTags: CollectionTag[] = listFunctions.map((name) => ({
  tag: `!${name}`,
  collection: 'seq' as const,
  resolve: (list: YAMLMap.Parsed | YAMLSeq.Parsed) => {
    const map = new YAMLMap();
    map.add(new Pair(new Scalar(`Fn::${name}`), list));
    return map;
  },
}));

/**
 * YAML with CloudFormation's tags and merge keys as plain data, the tags in their long form.
 *
 * @throws YAMLError for text that is not YAML or has a tag that is not known here
 * @example parseCloudFormation('Queue: !GetAtt Events.Arn') // { Queue: { 'Fn::GetAtt': ['Events', 'Arn'] } }
 */
export function parseCloudFormation(text: string): unknown {
  const document = parseDocument(text, { customTags: [...scalarTags, ...listTags], merge: true });
  // An unknown tag is only a warning to the parser, and its value would silently lose the function around it.
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  return document.toJS();
}
