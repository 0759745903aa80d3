/** In place of a file in `domains[].definition`: the definition that comes with the program under that name. */
export const BUILT_IN = 'built-in';
