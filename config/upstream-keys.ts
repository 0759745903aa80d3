/**
 * Keys of upstream's config.json that this node does not read, and what happens instead. They are a warning and not
 * an error, so that an upstream config starts. Source: doin-node's configuration dataclass and its shipped configs.
 */

const IN_GENESIS = 'is a rule that all nodes of a network share, so it comes from the genesis file';
const NO_SHARED_POPULATION = 'is not used: nodes search as islands and champions migrate through the chain';
const MODULE_DECIDES = 'is not used: the domain named in the genesis file brings its own code and settings';

export const UPSTREAM_NODE_KEYS: Readonly<Record<string, string>> = {
  target_block_time: IN_GENESIS,
  initial_threshold: IN_GENESIS,
  acceptance_tolerance: IN_GENESIS,
  quorum_min_evaluators: IN_GENESIS,
  quorum_fraction: IN_GENESIS,
  quorum_tolerance: IN_GENESIS,
  commit_reveal_max_age: IN_GENESIS,
  finality_confirmation_depth: IN_GENESIS,
  external_anchor_interval: 'is not used: there are no external anchors yet',
  require_deterministic_seed: 'is not used: seeds are always fixed by the chain',
  eval_poll_interval: 'is not used: evaluators react to the chain at once, without polling',
  eval_max_concurrent: 'is not used; workers.threads sets how many evaluations run at a time',
  optimizer_loop_interval: 'is not used: the next candidate starts when a worker is free',
  shared_claim_timeout: NO_SHARED_POPULATION,
  shared_claim_result_patience: NO_SHARED_POPULATION,
  shared_min_peers: NO_SHARED_POPULATION,
  shared_initialize_before_peers: NO_SHARED_POPULATION,
  shared_peer_wait_timeout: NO_SHARED_POPULATION,
  shared_claim_settle_seconds: NO_SHARED_POPULATION,
  shared_claim_confirmation_rounds: NO_SHARED_POPULATION,
  storage_backend: 'is not used: the store is always SQLite',
  db_path: 'is not used; data_dir sets where the chain database lies',
  snapshot_interval: 'is not used: there are no state snapshots yet',
  prune_keep_blocks: 'is not used: every block is kept',
  network_protocol: 'is not used: the network is always libp2p gossipsub',
  gossip_heartbeat_interval: 'is not used: gossipsub keeps its own heartbeat of one second',
  discovery_enabled: 'is not used; p2p.mdns turns discovery on the LAN on or off',
  discovery_interval: 'is not used: discovery runs all the time',
  dashboard_enabled: 'is not used: the dashboard is always served at /',
  reset_chain: 'is not used: remove the data_dir by hand to start over',
  fee_market_enabled: 'is not used: there is no fee market yet',
  fee_config: 'is not used: there is no fee market yet',
};

export const UPSTREAM_DOMAIN_KEYS: Readonly<Record<string, string>> = {
  optimization_plugin: 'is not used; domains[].optimizer picks the search strategy (ga or random)',
  inference_plugin: MODULE_DECIDES,
  inference_config: MODULE_DECIDES,
  synthetic_data_plugin: MODULE_DECIDES,
  synthetic_data_config: MODULE_DECIDES,
  has_synthetic_data: IN_GENESIS,
  synthetic_data_validation: 'is not used: every optimum is verified by a quorum',
  higher_is_better: IN_GENESIS,
  metric_type: IN_GENESIS,
  param_bounds: IN_GENESIS,
  resource_limits: IN_GENESIS,
  incentive_config: IN_GENESIS,
};

export const UPSTREAM_OPTIMIZATION_KEYS: Readonly<Record<string, string>> = {
  n_generations: 'is not used: a search ends by optimization_patience or target_performance',
  epochs: 'is not used; max_epochs sets the longest training run',
  batch_size: 'is not used: the batch size is part of the genome or fixed by the domain',
  ga_population: 'is not used; population_size sets it',
  optimization_stages: 'is not used: there are no search stages yet',
  hyperparameter_bounds: IN_GENESIS,
  optimization_metric: IN_GENESIS,
  performance_metric: IN_GENESIS,
  metric_schema: IN_GENESIS,
  ga_seed: 'is not used: every node draws its own randomness',
  node_seed_offset: 'is not used: every node draws its own randomness',
  seed: 'is not used: every node draws its own randomness',
  n_params: MODULE_DECIDES,
  target: MODULE_DECIDES,
  step_size: MODULE_DECIDES,
  noise_std: MODULE_DECIDES,
  predictor_root: MODULE_DECIDES,
  load_config: MODULE_DECIDES,
  predictor_plugin: MODULE_DECIDES,
  optimizer_plugin: 'is not used; domains[].optimizer picks the search strategy (ga or random)',
  preprocessor_plugin: MODULE_DECIDES,
  target_plugin: MODULE_DECIDES,
  pipeline_plugin: MODULE_DECIDES,
  shared_population: NO_SHARED_POPULATION,
  shared_population_size: NO_SHARED_POPULATION,
  shared_population_seed: NO_SHARED_POPULATION,
  stage_advance_threshold: 'is not used: there are no search stages yet',
  initial_candidate_params: 'is not used: a search starts from the champion of the chain and random candidates',
};
