/*
 * IBM's CLI driver as an ODBC driver of 64 bits: `cc -shared -fPIC sqllen.c LIBDB2 -ldl`.
 *
 * The library that comes with ibm_db writes lengths and indicators (SQLLEN) of 32 bits, unixODBC and
 * its callers read 64. This widens those of bound columns after each fetch and leaves every other
 * call to the driver. For one statement at a time, as a measurement has it.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

enum { COLUMNS = 64, ROWS = 1 << 17, UNBIND = 2, ROWS_FETCHED_PTR = 26, ERROR = -1 };

static struct {
    int64_t *wide;
    int32_t *narrow;
} bound[COLUMNS];
static int64_t *fetched;

static void *driver(const char *name) {
    static void *library;
    if (!library) library = dlopen("libdb2.so.1", RTLD_LAZY);
    return library ? dlsym(library, name) : NULL;
}

static void forget(void) {
    for (int n = 0; n < COLUMNS; n++) bound[n].wide = NULL;
}

short SQLBindCol(void *statement, unsigned short n, short type, void *values, int64_t length, int64_t *wide) {
    static short (*next)(void *, unsigned short, short, void *, int64_t, int32_t *);
    if (!next) *(void **)&next = driver("SQLBindCol");
    if (n >= COLUMNS) return ERROR;
    if (!bound[n].narrow) bound[n].narrow = calloc(ROWS, sizeof(int32_t));
    bound[n].wide = wide;
    return next(statement, n, type, values, length, wide ? bound[n].narrow : NULL);
}

static short widen(short result) {
    int64_t rows = fetched ? (uint32_t)*fetched : 1;
    if (rows > ROWS) return ERROR;
    if (result != 0 && result != 1) return result;
    if (fetched) *fetched = rows;
    for (int n = 0; n < COLUMNS; n++)
        for (int64_t row = 0; bound[n].wide && row < rows; row++) bound[n].wide[row] = bound[n].narrow[row];
    return result;
}

short SQLFetch(void *statement) {
    static short (*next)(void *);
    if (!next) *(void **)&next = driver("SQLFetch");
    return widen(next(statement));
}

short SQLFetchScroll(void *statement, short orientation, int64_t offset) {
    static short (*next)(void *, short, int64_t);
    if (!next) *(void **)&next = driver("SQLFetchScroll");
    return widen(next(statement, orientation, offset));
}

short SQLSetStmtAttr(void *statement, int attribute, void *value, int length) {
    static short (*next)(void *, int, void *, int);
    if (!next) *(void **)&next = driver("SQLSetStmtAttr");
    if (attribute == ROWS_FETCHED_PTR) fetched = value;
    return next(statement, attribute, value, length);
}

short SQLSetStmtAttrW(void *statement, int attribute, void *value, int length) {
    static short (*next)(void *, int, void *, int);
    if (!next) *(void **)&next = driver("SQLSetStmtAttrW");
    if (attribute == ROWS_FETCHED_PTR) fetched = value;
    return next(statement, attribute, value, length);
}

short SQLFreeStmt(void *statement, unsigned short option) {
    static short (*next)(void *, unsigned short);
    if (!next) *(void **)&next = driver("SQLFreeStmt");
    if (option == UNBIND) forget();
    return next(statement, option);
}

short SQLFreeHandle(short type, void *handle) {
    static short (*next)(short, void *);
    if (!next) *(void **)&next = driver("SQLFreeHandle");
    if (type == 3) {
        forget();
        fetched = NULL;
    }
    return next(type, handle);
}
