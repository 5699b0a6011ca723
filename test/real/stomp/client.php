<?php
// php-stomp, of Debian's php-stomp. Arguments: port, token, part ("look" or "late"), number of events.
[, $port, $token, $part, $count] = $argv;

function show(array $what): void
{
    echo json_encode($what), "\n";
}

function enter(string $port, string $token): Stomp
{
    try {
        $line = new Stomp("tcp://127.0.0.1:$port", '', $token, ['accept-version' => '1.2']);
    } catch (StompException $error) {
        // its text is the header `message` of the ERROR frame
        show(['error' => $error->getMessage()]);
        exit;
    }
    $line->setReadTimeout(60);
    $line->subscribe('/user/events', ['id' => '1', 'ack' => 'client-individual']);
    return $line;
}

function take(Stomp $line): StompFrame
{
    $frame = $line->readFrame();
    show(['event' => $frame->body, 'redelivered' => $frame->headers['redelivered'] ?? null]);
    return $frame;
}

function acknowledge(Stomp $line, StompFrame $frame): void
{
    $line->ack($frame, ['id' => $frame->headers['ack']]);
}

$line = enter($port, $token);
$frames = [];
while (count($frames) < $count) {
    $frames[] = take($line);
}
if ($part === 'late') {
    $last = array_pop($frames);
    foreach ($frames as $frame) {
        acknowledge($line, $frame);
    }
    unset($line);
    $line = enter($port, $token);
    acknowledge($line, $last);
    // an ACK of the session before may still be on its way: its event comes first then
    do {
        $frame = take($line);
        acknowledge($line, $frame);
    } while ($frame->body !== $last->body);
}
