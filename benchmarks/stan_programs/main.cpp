// One chain of NUTS with a diagonal metric, as CmdStan runs it:
//   data.json start.json seed chain draws tune delta out.csv
#include <stan/callbacks/interrupt.hpp>
#include <stan/callbacks/stream_logger.hpp>
#include <stan/callbacks/stream_writer.hpp>
#include <stan/callbacks/structured_writer.hpp>
#include <stan/callbacks/writer.hpp>
#include <stan/io/json/json_data.hpp>
#include <stan/services/sample/hmc_nuts_diag_e_adapt.hpp>
#include <stan/services/util/create_unit_e_diag_inv_metric.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include STAN_MODEL  // defines stan_model

int main(int argc, char **argv) {
  if (argc != 9) return 2;
  std::ifstream data_text(argv[1]), start_text(argv[2]);
  stan::json::json_data data(data_text), start(start_text);
  const unsigned int seed = std::atoi(argv[3]), chain = std::atoi(argv[4]);
  const int draws = std::atoi(argv[5]), tune = std::atoi(argv[6]);
  const double delta = std::atof(argv[7]);
  std::ofstream out(argv[8]);
  out.precision(10);

  stan_model model(data, seed, &std::cerr);
  auto metric = stan::services::util::create_unit_e_diag_inv_metric(model.num_params_r());
  stan::callbacks::interrupt interrupt;
  stan::callbacks::stream_logger logger(std::cerr, std::cerr, std::cerr, std::cerr, std::cerr);
  stan::callbacks::writer nowhere;
  stan::callbacks::structured_writer nothing;
  stan::callbacks::stream_writer samples(out, "# ");
  // the other settings are CmdStan's defaults
  return stan::services::sample::hmc_nuts_diag_e_adapt(
      model, start, metric, seed, chain, 2.0, tune, draws, 1, false, 0, 1.0, 0.0, 10, delta, 0.05, 0.75,
      10.0, 75, 50, 25, interrupt, logger, nowhere, samples, nowhere, nothing);
}
