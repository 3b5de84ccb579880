# Where the loader jumps to: on the enclave's stack, boot block in rdi, nothing relocated yet.
# Makes the start block that a kernel would have made and goes on into the C library's start.
    .section .text.brume_enclave_entry, "ax", @progbits
    .globl brume_enclave_entry
    .hidden brume_enclave_entry
    .type brume_enclave_entry, @function
brume_enclave_entry:
    xorl %ebp, %ebp
    andq $-16, %rsp
    subq $1024, %rsp            # room for the start block, see start_block.cpp
    movq %rsp, %rsi
    call brume_make_start_block
    xorl %edx, %edx             # no function to call at exit
    jmp _start
    .size brume_enclave_entry, . - brume_enclave_entry
    .section .note.GNU-stack, "", @progbits
