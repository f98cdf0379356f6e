#include "base/text_file.hpp"

#include "base/secret_text.hpp"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ferrule::base {

namespace {

struct descriptor {
    int number = -1;
    ~descriptor()
    {
        if (number >= 0)
            ::close(number);
    }
};

/// What was read may be a private key.
struct wiped_buffer {
    explicit wiped_buffer(std::size_t most) : text(most, '\0') {}
    wiped_buffer(const wiped_buffer&) = delete;
    wiped_buffer& operator=(const wiped_buffer&) = delete;
    ~wiped_buffer()
    {
        text.resize(size); // what is beyond was never written to
        base::wipe(text);
    }

    std::string text;
    std::size_t size = 0;
};

text_file failed(std::string why)
{
    return {{}, 0, std::move(why), false};
}

/// Until a writer has written or ended.
bool wait_for(int descriptor)
{
    pollfd waited{descriptor, POLLIN, 0};
    return ::poll(&waited, 1, -1) > 0 || errno == EINTR;
}

text_file failed_with_errno()
{
    return failed("cannot be read: " + std::generic_category().message(errno));
}

} // namespace

bool is_open_to_others(unsigned permissions)
{
    return (permissions & 0037u) != 0;
}

text_file read_text_file(const std::string& path, streams others)
{
    // O_NONBLOCK, since opening a FIFO without a writer would wait for one.
    const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (file.number < 0)
        return failed_with_errno();

    struct stat facts {};
    if (::fstat(file.number, &facts) != 0)
        return failed_with_errno();
    if (S_ISDIR(facts.st_mode))
        return failed("is a directory");
    const bool is_stream = S_ISFIFO(facts.st_mode) || S_ISCHR(facts.st_mode);
    if (!S_ISREG(facts.st_mode) && !(is_stream && others == streams::taken))
        return failed("is not a regular file");

    // One byte more than allowed, so that a file that grows meanwhile is noticed as well.
    wiped_buffer buffer{max_file_size + 1};
    while (buffer.size < buffer.text.size()) {
        const ssize_t got =
            ::read(file.number, buffer.text.data() + buffer.size, buffer.text.size() - buffer.size);
        if (got < 0 && (errno == EINTR || (errno == EAGAIN && wait_for(file.number))))
            continue;
        if (got < 0)
            return failed_with_errno();
        if (got == 0)
            break;
        buffer.size += static_cast<std::size_t>(got);
    }
    if (buffer.size > max_file_size)
        return failed("is larger than 1 MiB");
    return {buffer.text.substr(0, buffer.size), facts.st_mode & 0777u, {}, is_stream};
}

} // namespace ferrule::base
