const names = new Set(['message', 'hint']);

/** Whether the node is a text that is shown to people: a message, a hint, or the description of a schema. */
function isTextForPeople(path) {
  if (!path.isStringLiteral() && !path.isTemplateLiteral() && !path.isBinaryExpression({ operator: '+' })) return false;
  const { parent, node } = path;
  switch (parent.type) {
    case 'ObjectProperty':
      return parent.value === node && names.has(parent.key.name);
    case 'VariableDeclarator':
      return parent.init === node && names.has(parent.id.name);
    case 'CallExpression':
      return parent.callee !== node && parent.callee.property?.name === 'describe';
    default:
      return false;
  }
}

// Stryker's name for a plugin that leaves code unmutated.
export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'texts-for-people',
    value: {
      shouldIgnore: (path) =>
        isTextForPeople(path)
          ? 'A text for people decides nothing; tests state those that a reader relies upon, not each word of all.'
          : undefined,
    },
  },
];
