/* A plugin of qemu-user that counts the guest's instructions: each getppid() of the guest writes how many there were so
 * far as a line of qemu's log. A program brackets what it wants counted by two of these calls; it has one thread.
 *   cc -shared -fPIC -DMARK=173 count_instructions.c -o count.so      173: getppid on AArch64
 *   qemu-aarch64 -plugin ./count.so -d plugin -D log.txt PROGRAM
 * Distributions ship no header of qemu's plugin interface, so what is used of it is declared here. */
#include <inttypes.h>
#include <stdio.h>

struct qemu_plugin_tb; /* a translated block */
typedef void block_executed(unsigned cpu, void *user);
typedef void block_translated(uint64_t plugin, struct qemu_plugin_tb *block);
typedef void system_call(uint64_t plugin, unsigned cpu, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t,
                         uint64_t, uint64_t, uint64_t, uint64_t);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *block, block_executed *call, int flags, void *user);
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t plugin, block_translated *call);
void qemu_plugin_register_vcpu_syscall_cb(uint64_t plugin, system_call *call);
void qemu_plugin_outs(const char *text);

int qemu_plugin_version = 1;
static uint64_t count;

static void add(unsigned cpu, void *instructions) { count += (uintptr_t)instructions; }

static void instrument(uint64_t plugin, struct qemu_plugin_tb *block) {
  qemu_plugin_register_vcpu_tb_exec_cb(block, add, /*flags: reads no registers*/ 0,
                                       (void *)(uintptr_t)qemu_plugin_tb_n_insns(block));
}

static void report(uint64_t plugin, unsigned cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                   uint64_t e, uint64_t f, uint64_t g, uint64_t h) {
  char line[32];
  snprintf(line, sizeof line, "%" PRIu64 "\n", count);
  if (number == MARK) qemu_plugin_outs(line);
}

int qemu_plugin_install(uint64_t plugin, const void *info, int argc, char **argv) {
  qemu_plugin_register_vcpu_tb_trans_cb(plugin, instrument);
  qemu_plugin_register_vcpu_syscall_cb(plugin, report);
  return 0;
}
