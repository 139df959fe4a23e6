// One compartment, bolus doses, CL and V proportional to weight, proportional error; non-centred.
// A level is the sum over its earlier doses: the pairs (level, dose) are a sparse matrix of amounts.
data {
  int<lower=1> subjects;
  int<lower=1> levels;
  int<lower=1> pairs;
  array[levels] int<lower=1, upper=subjects> subject;
  array[pairs] int<lower=1, upper=subjects> pair_subject;
  array[pairs] int<lower=1, upper=pairs> pair;
  array[levels + 1] int<lower=1, upper=pairs + 1> first;
  vector[pairs] dt;
  vector[pairs] amount;
  vector[levels] DV;
  vector[subjects] WT;
}
transformed data {
  vector[subjects] size = WT / 1.3;
}
parameters {
  vector[2] log_theta; // CL, V
  vector<lower=0>[2] omega;
  real<lower=0> sigma;
  matrix[subjects, 2] z;
}
model {
  vector[subjects] log_CL = log_theta[1] + omega[1] * z[, 1];
  vector[subjects] log_V = log_theta[2] + omega[2] * z[, 2];
  vector[subjects] k = exp(log_CL - log_V); // both are proportional to weight
  vector[levels] f = csr_matrix_times_vector(levels, pairs, amount, pair, first, exp(-k[pair_subject] .* dt))
                     ./ (size .* exp(log_V))[subject];
  log_theta ~ normal([-5.0, 0.6]', 1.0);
  omega ~ std_normal();
  sigma ~ normal(0.0, 0.5);
  to_vector(z) ~ std_normal();
  DV ~ normal(f, sigma * f);
}
