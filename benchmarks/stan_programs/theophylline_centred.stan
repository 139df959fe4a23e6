// One compartment, first-order absorption, one dose a subject, additive error; centred.
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
  vector[subjects] log_CL;
  vector[subjects] log_V;
  vector[subjects] log_ka;
}
model {
  vector[subjects] ka = exp(log_ka);
  vector[subjects] ke = exp(log_CL - log_V);
  vector[subjects] scale = ka .* exp(-log_V) ./ (ka - ke);
  log_theta ~ normal([1.0, 3.5, 0.5]', 1.0);
  omega ~ std_normal();
  sigma ~ normal(0.0, 2.0);
  log_CL ~ normal(log_theta[1], omega[1]);
  log_V ~ normal(log_theta[2], omega[2]);
  log_ka ~ normal(log_theta[3], omega[3]);
  DV ~ normal(amount .* scale[subject] .* (exp(-ke[subject] .* dt) - exp(-ka[subject] .* dt)), sigma);
}
