/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is not used goes back to the system. */
#include "common/util.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

/* One whose text was relocated has pages that are in no file. */
static bool has_text_relocations(const struct dl_phdr_info *object, const ElfW(Phdr) * dynamic)
{
    const ElfW(Dyn) *entry = (const void *)(object->dlpi_addr + dynamic->p_vaddr);
    for (; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == DT_TEXTREL ||
            (entry->d_tag == DT_FLAGS && entry->d_un.d_val & DF_TEXTREL))
            return true;
    return false;
}

static bool is_as_in_file(const ElfW(Phdr) * segment)
{
    return segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) &&
           segment->p_filesz == segment->p_memsz;
}

static void give_back_pages(const struct dl_phdr_info *object, const ElfW(Phdr) * segment)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = (object->dlpi_addr + segment->p_vaddr) & ~(page - 1);
    uintptr_t end = object->dlpi_addr + segment->p_vaddr + segment->p_memsz;
    madvise((void *)begin, end - begin, MADV_DONTNEED);
}

/* Of segments that nobody can write to every page is as it is in the file, unless a debugger has set a breakpoint there: that one
 * is gone afterwards. */
static int give_back_text(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size, (void)context;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC &&
            has_text_relocations(object, &object->dlpi_phdr[i]))
            return 0;
    for (int i = 0; i < object->dlpi_phnum; i++)
        if (is_as_in_file(&object->dlpi_phdr[i]))
            give_back_pages(object, &object->dlpi_phdr[i]);
    return 0;
}

/* What a replay or a large answer held, and pages of libraries that only the start needed (two thirds of those that a service
 * had). These stay in the page cache; where memory is short they are the first that the system can do without. */
void mem_give_back(void)
{
    malloc_trim(0);
    dl_iterate_phdr(give_back_text, NULL);
}
