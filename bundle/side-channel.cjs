/**
 * Stands in the bundles for `side-channel`, by which qs remembers something about an object: what a WeakMap is for. The
 * package brings 35 KB with it to do the same where there is none.
 */
module.exports = function sideChannel() {
  const remembered = new WeakMap();
  return {
    assert(key) {
      if (!remembered.has(key)) throw new TypeError('Side channel does not contain the given object');
    },
    delete: (key) => remembered.delete(key),
    get: (key) => remembered.get(key),
    has: (key) => remembered.has(key),
    set(key, value) {
      remembered.set(key, value);
    },
  };
};
