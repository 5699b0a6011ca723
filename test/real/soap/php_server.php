<?php
// The service of shop.wsdl in PHP's SOAP extension. Usage: php -S 127.0.0.1:<port> php_server.php
// Requests are appended to the file that SOAP_REQUESTS names, each in a line in base64.
$wsdl = __DIR__ . '/shop.wsdl';
if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    header('Content-Type: text/xml; charset=utf-8');
    readfile($wsdl);
    return;
}
file_put_contents(getenv('SOAP_REQUESTS'), base64_encode(file_get_contents('php://input')) . "\n", FILE_APPEND);

class Shop
{
    public function __call($name, $arguments)
    {
        [$given] = $arguments;
        switch ($name) {
            case 'Эхо':
                return ['return' => $given->Заказ];
            case 'Найти':
                return ['return' => $given->Что];
            default:
                $detail = ['код' => 'E17', 'лимит' => '100'];
                throw new SoapFault('Server', $given->Текст, null, $detail);
        }
    }

    public function Эхо($given)
    {
        return $this->__call('Эхо', [$given]);
    }

    public function Найти($given)
    {
        return $this->__call('Найти', [$given]);
    }

    public function Отказать($given)
    {
        return $this->__call('Отказать', [$given]);
    }
}

$isSoap12 = str_starts_with($_SERVER['CONTENT_TYPE'] ?? '', 'application/soap+xml');
$server = new SoapServer($wsdl, [
    'soap_version' => $isSoap12 ? SOAP_1_2 : SOAP_1_1,
    'cache_wsdl' => WSDL_CACHE_NONE,
    'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
]);
$server->setClass('Shop');
$server->handle();
