/* Reads a table through an ADBC driver, without a driver manager: the library is loaded, its table of functions filled,
 * and every handle released. With a third argument, the statement is one that fails in the middle of its result or at
 * once: its status and SQLSTATE are told. Managers of ADBC 1.0 have smaller structures, which is seen to first.
 *
 *     read LIBRARY URI SQL
 *
 * Prints each row's first column, a 32-bit number, then the rows. */
#include <arrow-adbc/adbc.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct AdbcDriver driver;

static void told(const char *what, AdbcStatusCode status, const struct AdbcError *error) {
  printf("%s: status %d state %.5s", what, status, error->sqlstate[0] ? error->sqlstate : "-----");
  int details = driver.ErrorGetDetailCount(error);
  for (int i = 0; i < details; i++) {
    struct AdbcErrorDetail detail = driver.ErrorGetDetail(error, i);
    if (strcmp(detail.key, "sqlcode") == 0) {
      printf(" sqlcode %.*s", (int)detail.value_length, (const char *)detail.value);
    }
  }
  printf("\n");
}

static void check(const char *what, AdbcStatusCode status, struct AdbcError *error) {
  if (status == ADBC_STATUS_OK) return;
  told(what, status, error);
  fprintf(stderr, "%s\n", error->message ? error->message : "");
  if (error->release) error->release(error);
  exit(2);
}

/* The table and the error of ADBC 1.0 are smaller; valgrind sees what is written after them. */
static int is_compatible(AdbcDriverInitFunc init) {
  struct AdbcDriver *table = malloc(ADBC_DRIVER_1_0_0_SIZE);
  struct AdbcError *error = calloc(1, ADBC_ERROR_1_0_0_SIZE);
  struct AdbcDatabase database = {0};
  int good = init(ADBC_VERSION_1_0_0, table, error) == ADBC_STATUS_OK && !error->message;
  good = good && table->DatabaseNew(&database, error) == ADBC_STATUS_OK;
  good = good && table->DatabaseSetOption(&database, "uri", "drda:", error) == ADBC_STATUS_OK;
  good = good && table->DatabaseInit(&database, error) == ADBC_STATUS_INVALID_ARGUMENT && error->message;
  if (error->release) error->release(error);
  good = good && table->DatabaseRelease(&database, error) == ADBC_STATUS_OK;
  good = good && table->release(table, error) == ADBC_STATUS_OK;
  free(error);
  free(table);
  return good;
}

/* Asks for the length of an option's value by a null pointer, as R does, then for the value. */
static int has_option(struct AdbcConnection *connection, const char *key, const char *expected, struct AdbcError *error) {
  size_t length = 0;
  check(key, driver.ConnectionGetOption(connection, key, NULL, &length, error), error);
  char *value = malloc(length);
  check(key, driver.ConnectionGetOption(connection, key, value, &length, error), error);
  int good = length == strlen(expected) + 1 && strcmp(value, expected) == 0;
  size_t bytes = 0;
  check(key, driver.ConnectionGetOptionBytes(connection, key, NULL, &bytes, error), error);
  free(value);
  return good && bytes == strlen(expected);
}

int main(int count, char **values) {
  if (count != 4) return 1;
  void *library = dlopen(values[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  AdbcDriverInitFunc init = (AdbcDriverInitFunc)dlsym(library, "AdbcDriverDrdaInit");
  struct AdbcError error = ADBC_ERROR_INIT;
  memset(&driver, 0, sizeof driver);
  if (init(999, &driver, &error) != ADBC_STATUS_NOT_IMPLEMENTED) return 1;
  error.release(&error);
  error = (struct AdbcError)ADBC_ERROR_INIT;
  if (!is_compatible(init)) return 3;
  check("init", init(ADBC_VERSION_1_1_0, &driver, &error), &error);

  struct AdbcDatabase database = {0};
  check("database", driver.DatabaseNew(&database, &error), &error);
  check("uri", driver.DatabaseSetOption(&database, "uri", values[2], &error), &error);
  check("database", driver.DatabaseInit(&database, &error), &error);
  struct AdbcConnection connection = {0};
  check("connection", driver.ConnectionNew(&connection, &error), &error);
  check("connection", driver.ConnectionInit(&connection, &database, &error), &error);
  if (!has_option(&connection, ADBC_CONNECTION_OPTION_AUTOCOMMIT, "true", &error)) return 4;
  struct AdbcStatement statement = {0};
  check("statement", driver.StatementNew(&connection, &statement, &error), &error);
  check("query", driver.StatementSetSqlQuery(&statement, values[3], &error), &error);

  struct ArrowArrayStream stream = {0};
  int64_t affected = 0;
  AdbcStatusCode status = driver.StatementExecuteQuery(&statement, &stream, &affected, &error);
  if (status != ADBC_STATUS_OK) {
    told("execute", status, &error);
    error.release(&error);
  } else {
    struct ArrowSchema schema;
    if (stream.get_schema(&stream, &schema) != 0) return 1;
    printf("columns %d\n", (int)schema.n_children);
    schema.release(&schema);
    long rows = 0, sum = 0;
    for (;;) {
      struct ArrowArray batch = {0};
      if (stream.get_next(&stream, &batch) != 0) {
        AdbcStatusCode how = ADBC_STATUS_OK;
        const struct AdbcError *why = driver.ErrorFromArrayStream(&stream, &how);
        if (!why || !stream.get_last_error(&stream)) return 1;
        told("fetch", how, why);
        /* A result that failed keeps its error and does not end. */
        struct ArrowArray more = {0};
        if (stream.get_next(&stream, &more) == 0 || driver.ErrorFromArrayStream(&stream, NULL) != why) return 1;
        break;
      }
      if (!batch.release) break;
      if (batch.n_children > 0) {
        const int32_t *numbers = batch.children[0]->buffers[1];
        for (int64_t i = 0; i < batch.length; i++) sum += numbers[batch.children[0]->offset + i];
      }
      rows += batch.length;
      batch.release(&batch);
    }
    printf("rows %ld sum %ld affected %ld\n", rows, sum, (long)affected);
    stream.release(&stream);
  }

  check("statement", driver.StatementRelease(&statement, &error), &error);
  check("connection", driver.ConnectionRelease(&connection, &error), &error);
  check("database", driver.DatabaseRelease(&database, &error), &error);
  check("driver", driver.release(&driver, &error), &error);
  /* The library stays: its threads may not have ended. */
  return 0;
}
