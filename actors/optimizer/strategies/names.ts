/** What a config may name as search strategy. Apart from the strategies, so that reading a config loads none of them. */
export const STRATEGY_NAMES = [
  'auto',
  'ga',
  'cma-es',
  'l-shade',
  'tpe',
  'gp',
  'sobol',
  'hill-climb',
  'random',
] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];
