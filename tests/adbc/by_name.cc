// Reads a table by way of Apache's driver manager, which finds the driver by its name in a manifest.
//
//     by_name DRIVER URI SQL
//
// Prints the driver's name, then each row's first column added up, a 32-bit number, and the rows.
#include <arrow-adbc/adbc.h>
#include <arrow-adbc/adbc_driver_manager.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace {

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void check(AdbcStatusCode status, AdbcError& error) {
  if (status == ADBC_STATUS_OK) return;
  std::string state(error.sqlstate, error.sqlstate[0] ? 5 : 0);
  std::string text = "status " + std::to_string(status) + " state " + state + ": " + (error.message ? error.message : "");
  if (error.release) error.release(&error);
  throw Failed(text);
}

// The rows of a result, by way of `each`.
template <typename Each>
void read(ArrowArrayStream& stream, Each each) {
  for (;;) {
    ArrowArray batch = {};
    if (stream.get_next(&stream, &batch) != 0) throw Failed(stream.get_last_error(&stream));
    if (!batch.release) break;
    each(batch);
    batch.release(&batch);
  }
  stream.release(&stream);
}

void run(const char* driver, const char* uri, const char* sql) {
  AdbcError error = ADBC_ERROR_INIT;
  AdbcDatabase database = {};
  check(AdbcDatabaseNew(&database, &error), error);
  check(AdbcDatabaseSetOption(&database, "driver", driver, &error), error);
  check(AdbcDriverManagerDatabaseSetLoadFlags(&database, ADBC_LOAD_FLAG_DEFAULT, &error), error);
  check(AdbcDatabaseSetOption(&database, ADBC_OPTION_URI, uri, &error), error);
  check(AdbcDatabaseInit(&database, &error), error);
  AdbcConnection connection = {};
  check(AdbcConnectionNew(&connection, &error), error);
  check(AdbcConnectionInit(&connection, &database, &error), error);

  std::uint32_t code = ADBC_INFO_DRIVER_NAME;
  ArrowArrayStream stream = {};
  check(AdbcConnectionGetInfo(&connection, &code, 1, &stream, &error), error);
  read(stream, [](const ArrowArray& batch) {
    const ArrowArray* texts = batch.children[1]->children[0];
    const auto* ends = static_cast<const std::int32_t*>(texts->buffers[1]);
    std::printf("%.*s\n", static_cast<int>(ends[1]), static_cast<const char*>(texts->buffers[2]));
  });

  AdbcStatement statement = {};
  check(AdbcStatementNew(&connection, &statement, &error), error);
  check(AdbcStatementSetSqlQuery(&statement, sql, &error), error);
  check(AdbcStatementExecuteQuery(&statement, &stream, nullptr, &error), error);
  std::int64_t rows = 0, sum = 0;
  read(stream, [&](const ArrowArray& batch) {
    const ArrowArray* column = batch.children[0];
    const auto* numbers = static_cast<const std::int32_t*>(column->buffers[1]);
    for (std::int64_t i = 0; i < batch.length; i++) sum += numbers[column->offset + i];
    rows += batch.length;
  });
  std::printf("rows %lld sum %lld\n", static_cast<long long>(rows), static_cast<long long>(sum));
  check(AdbcStatementRelease(&statement, &error), error);
  check(AdbcConnectionRelease(&connection, &error), error);
  check(AdbcDatabaseRelease(&database, &error), error);
}

}  // namespace

int main(int count, char** values) {
  if (count != 4) return 1;
  try {
    run(values[1], values[2], values[3]);
  } catch (const Failed& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 2;
  }
  return 0;
}
