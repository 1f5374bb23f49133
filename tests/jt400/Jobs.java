import com.ibm.as400.access.AS400;
import com.ibm.as400.access.AS400Exception;
import com.ibm.as400.access.AS400File;
import com.ibm.as400.access.KeyedFile;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What {@link Judge} asks about several jobs and several files. */
class Jobs {
    static void recordLocks() throws Exception {
        KeyedFile mine = Judge.filled("LOCKED", 3);
        AS400 second = Judge.connect();
        KeyedFile theirs = new KeyedFile(second, Judge.LIBRARY + "LOCKED.FILE");
        theirs.setRecordFormat(0);
        mine.open(AS400File.READ_WRITE, 1, Judge.NONE);
        theirs.open(AS400File.READ_WRITE, 1, Judge.NONE);
        mine.read(Judge.number(1));
        Judge.fails("CPF5027", () -> theirs.read(Judge.number(1)));
        Judge.same("2 t2 v2", Judge.show(theirs.read(Judge.number(2))), "another record");
        Judge.fails("CPF5027", () -> mine.update(Judge.number(2), Judge.record(mine, 2, "x", null)));
        // The next read lets go of it.
        mine.readFirst();
        mine.read(Judge.number(3));
        Judge.same("1 t1 v1", Judge.show(theirs.read(Judge.number(1))), "released by a read");
        theirs.close();
        mine.read(Judge.number(1));
        mine.update(Judge.record(mine, 1, "mine", null));
        theirs.open(AS400File.READ_WRITE, 1, Judge.NONE);
        Judge.same("1 mine null", Judge.show(theirs.read(Judge.number(1))), "released by an update");
        theirs.update(Judge.record(theirs, 1, "theirs", null));
        Judge.same("1 theirs null", Judge.show(mine.read(Judge.number(1))), "their update");
        mine.close();
        Judge.same("1 theirs null", Judge.show(theirs.read(Judge.number(1))), "released by a close");
        // A connection that is gone holds nothing.
        second.disconnectAllServices();
        mine.open(AS400File.READ_WRITE, 1, Judge.NONE);
        Judge.same("1 theirs null", Judge.show(mine.read(Judge.number(1))), "released by its end");
        mine.close();
        mine.delete();
    }

    static void objectLocks() throws Exception {
        KeyedFile mine = Judge.filled("OBJECT", 1);
        AS400 second = Judge.connect();
        KeyedFile theirs = new KeyedFile(second, Judge.LIBRARY + "OBJECT.FILE");
        theirs.setRecordFormat(0);
        int[] kinds = {
            AS400File.READ_ALLOW_SHARED_READ_LOCK,
            AS400File.READ_ALLOW_SHARED_WRITE_LOCK,
            AS400File.WRITE_ALLOW_SHARED_READ_LOCK,
            AS400File.WRITE_ALLOW_SHARED_WRITE_LOCK,
            AS400File.READ_EXCLUSIVE_LOCK,
        };
        boolean[] reads = {true, true, true, true, false};
        boolean[] writes = {false, true, false, true, false};
        for (int i = 0; i < kinds.length; i++) {
            mine.lock(kinds[i]);
            Judge.same(1, mine.getExplicitLocks().length, "locks");
            for (int type : new int[] {AS400File.READ_ONLY, AS400File.READ_WRITE}) {
                boolean may = type == AS400File.READ_ONLY ? reads[i] : writes[i];
                try {
                    theirs.open(type, 1, Judge.NONE);
                    theirs.close();
                    Judge.same(true, may, "opened with lock " + i + " and type " + type);
                } catch (AS400Exception e) {
                    Judge.same("CPF4128", e.getAS400Message().getID(), "refused");
                    Judge.same(false, may, "refused with lock " + i + " and type " + type);
                }
            }
            mine.releaseExplicitLocks();
        }
        theirs.open(AS400File.READ_WRITE, 1, Judge.NONE);
        Judge.fails("CPF1002", () -> mine.lock(AS400File.READ_EXCLUSIVE_LOCK));
        Judge.fails("CPF3202", () -> mine.delete());
        theirs.close();
        mine.lock(AS400File.READ_EXCLUSIVE_LOCK);
        second.disconnectAllServices();
        mine.releaseExplicitLocks();
        mine.delete();
    }

    static void commit() throws Exception {
        KeyedFile mine = Judge.filled("COMMIT", 4);
        AS400 second = Judge.connect();
        KeyedFile theirs = new KeyedFile(second, Judge.LIBRARY + "COMMIT.FILE");
        theirs.setRecordFormat(0);
        theirs.open(AS400File.READ_WRITE, 1, Judge.NONE);
        Judge.fails("CPF8350", () -> Judge.command("ENDCMTCTL"));
        mine.startCommitmentControl(AS400File.COMMIT_LOCK_LEVEL_CHANGE);
        Judge.same(true, mine.isCommitmentControlStarted(), "started");
        mine.open(AS400File.READ_WRITE, 1, AS400File.COMMIT_LOCK_LEVEL_CHANGE);
        mine.write(Judge.record(mine, 9, "new", null));
        mine.update(Judge.number(1), Judge.record(mine, 7, "moved", "v"));
        mine.update(Judge.number(7), Judge.record(mine, 7, "moved on", "v"));
        mine.deleteRecord(Judge.number(2));
        Judge.fails("CPF5027", () -> theirs.read(Judge.number(9)));
        Judge.fails("CPF5027", () -> theirs.read(Judge.number(7)));
        // Its key may come back.
        Judge.fails("CPF5027", () -> theirs.write(Judge.record(theirs, 2, "x", null)));
        mine.rollback();
        Judge.same("[1 t1 v1, 2 t2 v2, 3 t3 v3, 4 t4 v4]", Judge.shown(theirs), "rolled back");
        mine.deleteRecord(Judge.number(2));
        mine.write(Judge.record(mine, 2, "second", null));
        mine.commit();
        Judge.same("[1 t1 v1, 2 second null, 3 t3 v3, 4 t4 v4]", Judge.shown(theirs), "committed");
        theirs.write(Judge.record(theirs, 5, "free", null));
        mine.read(Judge.number(3));
        mine.rollback();
        Judge.fails("CPF501B", () -> mine.update(Judge.record(mine, 3, "x", null)));
        Judge.same("4 t4 v4", Judge.show(mine.readNext()), "still where it was");
        Judge.fails("CPF8355", () -> mine.endCommitmentControl());
        mine.close();
        mine.endCommitmentControl();
        // What was not committed ends with the connection.
        theirs.close();
        theirs.startCommitmentControl(AS400File.COMMIT_LOCK_LEVEL_ALL);
        theirs.open(AS400File.READ_WRITE, 1, AS400File.COMMIT_LOCK_LEVEL_DEFAULT);
        theirs.deleteRecord(Judge.number(1));
        second.disconnectAllServices();
        mine.open(AS400File.READ_WRITE, 1, Judge.NONE);
        Judge.same("1 t1 v1", Judge.show(mine.read(Judge.number(1))), "undone");
        mine.close();
        mine.delete();
    }

    static void levels() throws Exception {
        KeyedFile other = Judge.filled("LEVELS", 3);
        AS400 second = Judge.connect();
        KeyedFile file = new KeyedFile(second, Judge.LIBRARY + "LEVELS.FILE");
        file.setRecordFormat(0);
        other.open(AS400File.READ_WRITE, 1, Judge.NONE);
        // Is the record that was read last locked, and the one before it?
        Object[][] expected = {
            {AS400File.COMMIT_LOCK_LEVEL_CHANGE, false, false},
            {AS400File.COMMIT_LOCK_LEVEL_CURSOR_STABILITY, true, false},
            {AS400File.COMMIT_LOCK_LEVEL_ALL, true, true},
        };
        for (Object[] row : expected) {
            int level = (Integer) row[0];
            file.startCommitmentControl(level);
            file.open(AS400File.READ_ONLY, 1, level);
            file.read(Judge.number(1));
            file.read(Judge.number(2));
            Judge.same(row[1], locked(other, 2), "the current one at level " + level);
            Judge.same(row[2], locked(other, 1), "the one before at level " + level);
            file.commit();
            Judge.same(false, locked(other, 1) || locked(other, 2), "after a commit at level " + level);
            file.close();
            file.endCommitmentControl();
        }
        other.close();
        second.disconnectAllServices();
        other.delete();
    }

    static void withoutLocks() throws Exception {
        KeyedFile mine = Judge.filled("NOLOCKS", 2);
        AS400 second = Judge.connect();
        KeyedFile theirs = new KeyedFile(second, Judge.LIBRARY + "NOLOCKS.FILE");
        theirs.setRecordFormat(0);
        mine.setReadNoUpdate(true);
        mine.open(AS400File.READ_WRITE, 1, Judge.NONE);
        theirs.open(AS400File.READ_WRITE, 1, Judge.NONE);
        Judge.same("1 t1 v1", Judge.show(mine.read(Judge.number(1))), "read");
        Judge.same("1 t1 v1", Judge.show(theirs.read(Judge.number(1))), "not locked");
        Judge.same("1 t1 v1", Judge.show(mine.read(Judge.number(1))), "nor waited for");
        theirs.close();
        mine.close();
        second.disconnectAllServices();
        mine.delete();
    }

    /** A cache keeps what it has until it is told to look again. */
    static void cache() throws Exception {
        KeyedFile mine = Judge.filled("CACHED", 5);
        AS400 second = Judge.connect();
        KeyedFile theirs = keyed(second, "CACHED");
        theirs.open(AS400File.READ_WRITE, 1, Judge.NONE);
        mine.open(AS400File.READ_ONLY, 10, Judge.NONE);
        Judge.same("1 t1 v1", Judge.show(mine.readNext()), "first");
        theirs.update(Judge.number(2), Judge.record(theirs, 2, "changed", null));
        theirs.deleteRecord(Judge.number(3));
        theirs.write(Judge.record(theirs, 6, "new", null));
        Judge.same("2 t2 v2", Judge.show(mine.readNext()), "from the cache");
        mine.refreshRecordCache();
        Judge.same("2 changed null", Judge.show(mine.readNext()), "changed");
        Judge.same("4 t4 v4", Judge.show(mine.readNext()), "one is deleted");
        Judge.same("6 new null", Judge.show(mine.readLast()), "one is new");
        theirs.close();
        mine.close();
        second.disconnectAllServices();
        mine.delete();
    }

    static void explicitLocks() throws Exception {
        KeyedFile mine = Judge.filled("EXPLICIT", 1);
        AS400 second = Judge.connect();
        KeyedFile theirs = keyed(second, "EXPLICIT");
        mine.lock(AS400File.READ_ALLOW_SHARED_WRITE_LOCK);
        mine.lock(AS400File.WRITE_ALLOW_SHARED_WRITE_LOCK);
        int[] expected = {AS400File.READ_ALLOW_SHARED_WRITE_LOCK, AS400File.WRITE_ALLOW_SHARED_WRITE_LOCK};
        int[] got = mine.getExplicitLocks();
        Arrays.sort(expected);
        Arrays.sort(got);
        Judge.same(Arrays.toString(expected), Arrays.toString(got), "locks");
        theirs.lock(AS400File.WRITE_ALLOW_SHARED_WRITE_LOCK);
        Judge.fails("CPF1002", () -> theirs.lock(AS400File.WRITE_EXCLUSIVE_LOCK));
        mine.releaseExplicitLocks();
        Judge.same(0, mine.getExplicitLocks().length, "released");
        theirs.lock(AS400File.WRITE_EXCLUSIVE_LOCK);
        Judge.fails("CPF4128", () -> mine.open(AS400File.READ_ONLY, 1, Judge.NONE));
        // Its own locks keep nobody from a file.
        theirs.open(AS400File.READ_WRITE, 1, Judge.NONE);
        theirs.close();
        // They end with the job.
        second.disconnectAllServices();
        mine.open(AS400File.READ_WRITE, 1, Judge.NONE);
        mine.close();
        mine.delete();
    }

    static void severalFiles() throws Exception {
        KeyedFile one = Judge.filled("UNITONE", 3);
        KeyedFile two = Judge.filled("UNITTWO", 3);
        KeyedFile free = Judge.filled("UNITFREE", 1);
        AS400File.startCommitmentControl(Judge.system, AS400File.COMMIT_LOCK_LEVEL_CHANGE);
        Judge.same(true, AS400File.isCommitmentControlStarted(Judge.system), "started");
        one.open(AS400File.READ_WRITE, 1, AS400File.COMMIT_LOCK_LEVEL_DEFAULT);
        two.open(AS400File.READ_WRITE, 1, AS400File.COMMIT_LOCK_LEVEL_ALL);
        free.open(AS400File.READ_WRITE, 1, Judge.NONE);
        Judge.same(AS400File.COMMIT_LOCK_LEVEL_ALL, two.getCommitLockLevel(), "level");
        for (boolean commit : new boolean[] {false, true}) {
            one.write(Judge.record(one, 9, "added", null));
            one.update(Judge.number(1), Judge.record(one, 11, "updated", null));
            two.deleteRecord(Judge.number(2));
            two.write(Judge.record(two, 2, "instead", null));
            free.update(Judge.number(1), Judge.record(free, 1, "now " + commit, null));
            if (commit) {
                AS400File.commit(Judge.system);
            } else {
                AS400File.rollback(Judge.system);
            }
            String ones = commit ? "[2 t2 v2, 3 t3 v3, 9 added null, 11 updated null]" : "[1 t1 v1, 2 t2 v2, 3 t3 v3]";
            String twos = commit ? "[1 t1 v1, 2 instead null, 3 t3 v3]" : "[1 t1 v1, 2 t2 v2, 3 t3 v3]";
            Judge.same(ones, Judge.shown(one), "the first file");
            Judge.same(twos, Judge.shown(two), "the second file");
            Judge.same("[1 now " + commit + " null]", Judge.shown(free), "the file without commitment control");
        }
        // A close commits nothing, nor does it undo.
        one.deleteRecord(Judge.number(2));
        one.close();
        two.close();
        free.close();
        AS400File.rollback(Judge.system);
        Judge.same(4, one.readAll().length, "undone after a close");
        AS400File.endCommitmentControl(Judge.system);
        Judge.same(false, AS400File.isCommitmentControlStarted(Judge.system), "ended");
        one.delete();
        two.delete();
        free.delete();
    }

    /** A read waits for a record and has it as soon as it is released, by a close, a commit, the end of a job. */
    static void waits() throws Exception {
        KeyedFile made = Judge.filled("WAITED", 2);
        AS400 second = Judge.connect();
        KeyedFile theirs = keyed(second, "WAITED");
        theirs.open(AS400File.READ_WRITE, 1, Judge.NONE);
        for (String how : new String[] {"close", "commit", "disconnect"}) {
            AS400 first = Judge.connect();
            KeyedFile mine = keyed(first, "WAITED");
            int level = Judge.NONE;
            if (how.equals("commit")) {
                level = AS400File.COMMIT_LOCK_LEVEL_CHANGE;
                mine.startCommitmentControl(level);
            }
            mine.open(AS400File.READ_WRITE, 1, level);
            mine.read(Judge.number(1));
            mine.update(Judge.record(mine, 1, how, null));
            mine.read(Judge.number(1));
            CompletableFuture<String> read = CompletableFuture.supplyAsync(() -> {
                try {
                    return Judge.show(theirs.read(Judge.number(1)));
                } catch (Exception e) {
                    throw new RuntimeException(e);
                }
            });
            Thread.sleep(200);
            Judge.same(false, read.isDone(), "waits for a " + how);
            switch (how) {
                case "close" -> mine.close();
                case "commit" -> mine.commit();
                default -> first.disconnectAllServices();
            }
            Judge.same("1 " + how + " null", read.get(900, TimeUnit.MILLISECONDS), "released by a " + how);
            first.disconnectAllServices();
            theirs.positionCursorBeforeFirst();
        }
        theirs.close();
        second.disconnectAllServices();
        made.delete();
    }

    /** Whether another connection keeps this one from locking a record. */
    private static boolean locked(KeyedFile file, int key) throws Exception {
        try {
            file.read(Judge.number(key));
            file.positionCursorBeforeFirst();
            return false;
        } catch (AS400Exception e) {
            Judge.same("CPF5027", e.getAS400Message().getID(), "locked");
            return true;
        }
    }

    private static KeyedFile keyed(AS400 system, String name) throws Exception {
        KeyedFile file = new KeyedFile(system, Judge.LIBRARY + name + ".FILE");
        file.setRecordFormat(0);
        return file;
    }
}
