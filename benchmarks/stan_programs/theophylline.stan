// One compartment, first-order absorption, one dose a subject, additive error; non-centred.
data {
  int<lower=1> subjects;
  int<lower=1> levels;
  array[levels] int<lower=1, upper=subjects> subject;
  vector[levels] dt;
  vector[levels] amount;
  vector[levels] DV;
}
parameters {
  vector[3] log_theta; // CL, V, ka
  vector<lower=0>[3] omega;
  real<lower=0> sigma;
  matrix[subjects, 3] z;
}
model {
  vector[subjects] V = exp(log_theta[2] + omega[2] * z[, 2]);
  vector[subjects] ka = exp(log_theta[3] + omega[3] * z[, 3]);
  vector[subjects] ke = exp(log_theta[1] + omega[1] * z[, 1]) ./ V;
  vector[subjects] scale = ka ./ (V .* (ka - ke));
  log_theta ~ normal([1.0, 3.5, 0.5]', 1.0);
  omega ~ std_normal();
  sigma ~ normal(0.0, 2.0);
  to_vector(z) ~ std_normal();
  DV ~ normal(amount .* scale[subject] .* (exp(-ke[subject] .* dt) - exp(-ka[subject] .* dt)), sigma);
}
