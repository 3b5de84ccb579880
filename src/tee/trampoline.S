# Entered with rdi = TrampolineArguments*, on a page that stays mapped. Uses no stack: it unmaps it.
    .section .rodata
    .globl brume_trampoline_begin
    .globl brume_trampoline_end
    .hidden brume_trampoline_begin
    .hidden brume_trampoline_end
    .balign 16
brume_trampoline_begin:
    movq %rdi, %r15
    movq 48(%r15), %r14         # doorbell
    movl $100, %r13d            # stage: unmap low
    movl $11, %eax              # munmap
    movq 0(%r15), %rdi
    movq 8(%r15), %rsi
    syscall
    testq %rax, %rax
    jnz 9f
    movl $101, %r13d            # stage: unmap high
    movl $11, %eax
    movq 16(%r15), %rdi
    movq 24(%r15), %rsi
    syscall
    testq %rax, %rax
    jnz 9f
    movl $102, %r13d            # stage: filter
    movl $317, %eax             # seccomp
    movl $1, %edi               # SECCOMP_SET_MODE_FILTER
    xorl %esi, %esi
    leaq 32(%r15), %rdx         # struct sock_fprog: count, filter
    syscall
    testq %rax, %rax
    jnz 9f
    movl $1, 8(%r14)            # Doorbell.started
    movl $202, %eax             # futex
    leaq 8(%r14), %rdi
    movl $1, %esi               # FUTEX_WAKE
    movl $1, %edx
    xorl %r10d, %r10d
    syscall
    movq 56(%r15), %rsp
    movq 64(%r15), %rdi
    movq 72(%r15), %rcx
    xorl %eax, %eax
    xorl %ebx, %ebx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %ebp, %ebp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r11d, %r11d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    cld
    jmp *%rcx
9:  negl %eax
    movl %r13d, 12(%r14)        # Doorbell.stage
    movl %eax, 16(%r14)         # Doorbell.error
    movl $2, 8(%r14)
    movl $231, %eax             # exit_group
    movl $1, %edi
    syscall
    ud2
brume_trampoline_end:
    .section .note.GNU-stack, "", @progbits
